//! The server behind a real socket.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ecs_backend::{Options, Server, http};
use jiff::Timestamp;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::unbounded_channel;
use tokio::sync::oneshot;

use crate::backend::signature;

/// Sends a request and reads until the server closes the connection.
async fn ask(address: &str, path: &str, target: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: {}\r\nx-amz-target: AmazonEC2ContainerServiceV20141113.{target}\r\ncontent-length: {}\r\n\r\n{body}",
        signature("eu-west-1"),
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // A connection that is cut may end in an error; what has come until then is what counts.
    drop(stream.read_to_end(&mut answer).await);
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn requests_are_answered_or_cut_and_the_state_is_written_at_the_end() {
    let directory = std::env::temp_dir().join(format!("ecs-backend-http-{}", std::process::id()));
    let options = Options {
        data_dir: Some(directory.clone()),
        ..Options::default()
    };
    let server = Arc::new(Server::new(options, Arc::new(Timestamp::default)).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(http::serve(server, listener, async { drop(stopped.await) }));

    let answer = ask(&address, "/", "CreateCluster", "{}").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.to_lowercase().contains("x-amzn-requestid: "), "{answer}");
    assert!(answer.contains("\"clusterName\":\"default\""), "{answer}");
    let answer = ask(&address, "/", "DeleteCluster", "{\"cluster\": \"nobody\"}").await;
    assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{answer}");
    assert!(answer.contains("ClusterNotFoundException"), "{answer}");

    let fault = json!({"operation": "CreateCluster", "mode": "drop"}).to_string();
    assert!(
        ask(&address, "/_backend/faults", "", &fault)
            .await
            .contains("\"mode\":\"drop\"")
    );
    let cut = ask(&address, "/", "CreateCluster", "{\"clusterName\": \"lost\"}").await;
    assert!(!cut.contains("lost"), "{cut}");
    assert!(
        ask(&address, "/", "ListClusters", "{}")
            .await
            .contains("cluster/lost")
    );

    stop.send(()).unwrap();
    serving.await.unwrap().unwrap();
    let kept = std::fs::read_to_string(directory.join("world.json")).unwrap();
    std::fs::remove_dir_all(&directory).unwrap();
    assert!(kept.contains("cluster/lost"));
}

/// The runtime has one thread here: what a call is waited for beside it stands still if the call is carried out on that
/// thread. The call takes its time in the clock, until it is told to go on.
#[tokio::test]
async fn a_call_that_takes_its_time_holds_up_nothing_else() {
    let slow = Arc::new(AtomicBool::new(false));
    let held_up = Arc::new(AtomicBool::new(false));
    let (begins, mut begun) = unbounded_channel();
    let (goes_on, may_go_on) = std::sync::mpsc::channel();
    let may_go_on = Mutex::new(may_go_on);
    let (is_slow, is_held_up) = (Arc::clone(&slow), Arc::clone(&held_up));
    let clock = move || {
        if is_slow.swap(false, Ordering::SeqCst) {
            begins.send(()).unwrap();
            let told = may_go_on.lock().unwrap().recv_timeout(Duration::from_secs(5));
            is_held_up.store(told.is_err(), Ordering::SeqCst);
        }
        Timestamp::default()
    };
    let server = Arc::new(Server::new(Options::default(), Arc::new(clock)).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let serving = tokio::spawn(http::serve(server, listener, std::future::pending()));

    slow.store(true, Ordering::SeqCst);
    let beside = async {
        begun.recv().await.unwrap();
        goes_on.send(()).ok();
    };
    let (answer, ()) = tokio::join!(ask(&address, "/", "ListClusters", "{}"), beside);
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(!held_up.load(Ordering::SeqCst), "the runtime stood still");
    serving.abort();
}
