# Process 1 of a node: makes the node's namespaces a home, says so, and stays. When it ends, the system ends every process of the node,
# whoever started it, and with the last of them go the mounts and the links.
# $1: the run's folder. $2: the address where CoreDNS listens. Then the folders that the node has for itself.
set -eu
run=$1
names=$2
shift 2
for folder; do mount -t tmpfs -o mode=755 node "$folder"; done
mkdir -p /run/lock /var/lib/kubelet
# The kubelet wants these, and would set them for the whole machine: it is shown files that say what it wants to read.
for wanted in vm/overcommit_memory=1 vm/panic_on_oom=0 kernel/panic=10 kernel/panic_on_oops=1 kernel/keys/root_maxkeys=1000000 kernel/keys/root_maxbytes=25000000; do
  name=${wanted%=*}
  mkdir -p "/run/sysctl/${name%/*}"
  echo "${wanted#*=}" > "/run/sysctl/$name"
  mount --bind "/run/sysctl/$name" "/proc/sys/$name"
done
# Mounts that the kubelet makes must be seen by containers, as on a machine that systemd started.
mount --make-rshared /
ip link set lo up
ip address add "$names/32" dev lo
# Orphans become children of process 1; the wait buries them.
trap 'exit 0' TERM
: > "$run/node.ready"
while :; do
  sleep 3600 &
  wait $! || :
done
