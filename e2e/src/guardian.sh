# Outlives the process that started it by a moment. Reads what to look after from its standard input; the end of that input means that
# the other process is gone, by whatever death, and then ends the process groups it watches and removes the cgroups and the folder it was told.
groups=""
folder=""
cgroups=""
while read -r verb what; do
  case "$verb" in
    watch) groups="$groups $what" ;;
    forget)
      left=""
      for group in $groups; do
        if [ "$group" != "$what" ]; then left="$left $group"; fi
      done
      groups=$left
      ;;
    remove) folder=$what ;;
    cgroup) cgroups="$cgroups $what" ;;
  esac
done
for group in $groups; do kill -s KILL -- "-$group" 2>/dev/null; done
for name in $cgroups; do
  # Of its own in each hierarchy of version 1, one in version 2; none can be removed before its last process has ended.
  for attempt in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
    left=""
    for cgroup in "/sys/fs/cgroup/$name" /sys/fs/cgroup/*/"$name"; do
      if [ -d "$cgroup" ]; then
        find "$cgroup" -depth -type d -exec rmdir {} \; 2>/dev/null
        if [ -d "$cgroup" ]; then left="$left $cgroup"; fi
      fi
    done
    if [ -z "$left" ]; then break; fi
    sleep 1
  done
done
if [ -n "$folder" ]; then
  # A killed process may still be closing its files: a second attempt finds the folder quiet.
  rm -rf -- "$folder" 2>/dev/null || { sleep 1; rm -rf -- "$folder"; }
fi
