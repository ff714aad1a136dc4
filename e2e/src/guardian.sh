# Outlives the process that started it by a moment. Reads what to look after from its standard input; the end of that input means that
# the other process is gone, by whatever death, and then ends the process groups it watches and removes the folder it was told.
groups=""
folder=""
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
  esac
done
for group in $groups; do kill -s KILL -- "-$group" 2>/dev/null; done
if [ -n "$folder" ]; then
  # A killed process may still be closing its files: a second attempt finds the folder quiet.
  rm -rf -- "$folder" 2>/dev/null || { sleep 1; rm -rf -- "$folder"; }
fi
