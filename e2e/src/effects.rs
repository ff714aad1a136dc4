//! A proxy between the operator and both of its worlds that counts effects and kills the operator at one of them.
//!
//! An effect is a request that changes something: to Kubernetes any POST, PUT, PATCH or DELETE (leases and events apart), to ECS any
//! operation that does not only read. The n-th of them can be lost before it arrives (the operator dies with the request unsent) or
//! after it was carried out (the operator dies before it reads the answer).

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rustix::process::{Pid, Signal, kill_process};

use crate::Error;

/// When the operator dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// The request never arrives.
    Before,
    /// The request is carried out, and nobody reads the answer.
    After,
}

/// Counts, and kills once.
#[derive(Debug, Clone, Default)]
pub struct Effects(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    seen: Vec<String>,
    trap: Option<Trap>,
}

#[derive(Debug)]
struct Trap {
    at: usize,
    moment: Moment,
    victim: u32,
}

impl Effects {
    /// Listens on a free port and forwards to `upstream` (a port of 127.0.0.1); gives the port.
    ///
    /// # Errors
    /// [`Error::Start`] where the system gives no port.
    pub fn forward(&self, upstream: u16) -> Result<u16, Error> {
        let refused = |source| Error::Start {
            program: "a proxy on 127.0.0.1".to_owned(),
            source,
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(refused)?;
        let port = listener.local_addr().map_err(refused)?.port();
        let effects = self.clone();
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let effects = effects.clone();
                // A connection that breaks is what this proxy is for; the operator's own log says what it made of it.
                thread::spawn(move || {
                    effects.serve(client, SocketAddr::from((Ipv4Addr::LOCALHOST, upstream)))
                });
            }
        });
        Ok(port)
    }

    /// Forgets what was seen, and kills `victim` (a process id) at the effect of this number, counted from one.
    pub fn trap(&self, at: usize, moment: Moment, victim: u32) {
        *self.state() = State {
            seen: Vec::new(),
            trap: Some(Trap { at, moment, victim }),
        };
    }

    /// Forgets what was seen, and kills nobody.
    pub fn only_count(&self) {
        *self.state() = State::default();
    }

    /// The effects so far, as `PATCH /apis/…` or `CreateService`.
    pub fn seen(&self) -> Vec<String> {
        self.state().seen.clone()
    }

    /// Whether the trap has closed.
    pub fn sprung(&self) -> bool {
        self.state().trap.is_none()
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One request on one connection: both ends are told to close after it, so that nobody must find out where an answer ends.
    fn serve(&self, client: TcpStream, upstream: SocketAddr) -> io::Result<()> {
        let mut from_client = BufReader::new(client.try_clone()?);
        let Some(request) = Request::read(&mut from_client)? else {
            return Ok(());
        };
        let fatal = request.effect().and_then(|effect| self.note(effect));
        if let Some((Moment::Before, victim)) = fatal {
            kill(victim);
            return Ok(());
        }
        let mut server = TcpStream::connect(upstream)?;
        request.write(&mut server)?;
        if let Some((Moment::After, victim)) = fatal {
            io::copy(&mut server, &mut io::sink())?;
            kill(victim);
            return Ok(());
        }
        let mut to_client = client;
        copy_as_it_comes(&mut server, &mut to_client)
    }

    /// Counts an effect; says whom to kill where the trap closes on it.
    fn note(&self, effect: String) -> Option<(Moment, u32)> {
        let mut state = self.state();
        state.seen.push(effect);
        let now = state.seen.len();
        let trap = state.trap.take_if(|trap| trap.at == now)?;
        Some((trap.moment, trap.victim))
    }
}

/// A request's head and body.
struct Request {
    head: Vec<String>,
    body: Vec<u8>,
}

impl Request {
    fn read(from: &mut impl BufRead) -> io::Result<Option<Self>> {
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            if from.read_line(&mut line)? == 0 {
                return Ok(None);
            }
            let line = line.trim_end().to_owned();
            if line.is_empty() {
                break;
            }
            head.push(line);
        }
        let request = Self {
            head,
            body: Vec::new(),
        };
        let length = request
            .header("content-length")
            .and_then(|length| length.parse().ok())
            .unwrap_or(0);
        let mut body = vec![0; length];
        from.read_exact(&mut body)?;
        Ok(Some(Self { body, ..request }))
    }

    fn header(&self, name: &str) -> Option<&str> {
        let headers = self.head.iter().skip(1).filter_map(|line| line.split_once(':'));
        headers
            .filter(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
            .next()
    }

    /// What it changes, where it changes anything that counts.
    fn effect(&self) -> Option<String> {
        if let Some(target) = self.header("x-amz-target") {
            let operation = target.rsplit('.').next().unwrap_or(target);
            let reads = ["Describe", "List", "Discover"]
                .iter()
                .any(|read| operation.starts_with(read));
            return if reads { None } else { Some(operation.to_owned()) };
        }
        let mut line = self.head.first()?.split(' ');
        let (method, path) = (line.next()?, line.next()?.split('?').next()?);
        let counts = method != "GET" && path.contains("/ecs-operator.dev/");
        if counts {
            Some(format!("{method} {path}"))
        } else {
            None
        }
    }

    fn write(&self, to: &mut impl Write) -> io::Result<()> {
        let hop = |line: &str| line.to_ascii_lowercase().starts_with("connection:");
        for line in self.head.iter().filter(|line| !hop(line)) {
            write!(to, "{line}\r\n")?;
        }
        write!(to, "Connection: close\r\n\r\n")?;
        to.write_all(&self.body)?;
        to.flush()
    }
}

/// A watch's events must not wait for a buffer to fill.
fn copy_as_it_comes(from: &mut impl Read, to: &mut impl Write) -> io::Result<()> {
    let mut buffer = [0; 16 * 1024];
    loop {
        let read = from.read(&mut buffer)?;
        if read == 0 {
            return Ok(());
        }
        to.write_all(buffer.get(..read).unwrap_or_default())?;
        to.flush()?;
    }
}

fn kill(victim: u32) {
    if let Some(process) = i32::try_from(victim).ok().and_then(Pid::from_raw) {
        let _ = kill_process(process, Signal::KILL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn effect(request: &str) -> Option<String> {
        Request::read(&mut request.as_bytes()).unwrap().unwrap().effect()
    }

    #[test]
    fn only_what_changes_something_counts() {
        let ecs = |operation: &str| {
            format!(
                "POST / HTTP/1.1\r\nX-Amz-Target: AmazonEC2ContainerServiceV20141113.{operation}\r\ncontent-length: 2\r\n\r\n{{}}"
            )
        };
        for (request, expected) in [
            (ecs("CreateService"), Some("CreateService")),
            (ecs("DescribeServices"), None),
            (ecs("ListTasks"), None),
            ("PATCH /apis/ecs-operator.dev/v1alpha1/namespaces/a/ecsservices/b/status?force=true HTTP/1.1\r\n\r\n".to_owned(), Some("PATCH /apis/ecs-operator.dev/v1alpha1/namespaces/a/ecsservices/b/status")),
            ("GET /apis/ecs-operator.dev/v1alpha1/ecsservices?watch=true HTTP/1.1\r\n\r\n".to_owned(), None),
            ("PUT /apis/coordination.k8s.io/v1/namespaces/a/leases/b HTTP/1.1\r\n\r\n".to_owned(), None),
            ("POST /apis/events.k8s.io/v1/namespaces/a/events HTTP/1.1\r\n\r\n".to_owned(), None),
        ] {
            assert_eq!(effect(&request).as_deref(), expected, "{request}");
        }
    }

    #[test]
    fn requests_pass_and_answers_come_back() {
        let upstream = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = upstream.local_addr().unwrap().port();
        let server = thread::spawn(move || {
            let (stream, _) = upstream.accept().unwrap();
            let request = Request::read(&mut BufReader::new(stream.try_clone().unwrap()))
                .unwrap()
                .unwrap();
            write!(
                &stream,
                "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{{\"got\":\"{}\"}}",
                String::from_utf8_lossy(&request.body)
            )
            .unwrap();
        });
        let effects = Effects::default();
        let through = effects.forward(port).unwrap();
        let answer = crate::backend::send(
            "POST",
            &format!("http://127.0.0.1:{through}/apis/ecs-operator.dev/x"),
            "text/plain",
            &serde_json::json!(7),
        )
        .unwrap();
        assert_eq!(answer, serde_json::json!({"got": "7"}));
        assert_eq!(effects.seen(), ["POST /apis/ecs-operator.dev/x"]);
        server.join().unwrap();
    }

    #[test]
    fn the_trap_kills_at_its_effect_and_once() {
        let mut victim = std::process::Command::new("sleep").arg("600").spawn().unwrap();
        let effects = Effects::default();
        effects.trap(2, Moment::After, victim.id());
        assert_eq!(effects.note("one".to_owned()), None);
        let (moment, whom) = effects.note("two".to_owned()).unwrap();
        assert_eq!((moment, whom), (Moment::After, victim.id()));
        assert!(effects.sprung());
        assert_eq!(effects.note("three".to_owned()), None);
        kill(whom);
        assert!(!victim.wait().unwrap().success());
    }
}
