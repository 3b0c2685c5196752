# bash completion for wafersim; commands, options and keys are asked from the binary itself.

_wafersim_commands() { "$1" --help 2>/dev/null | sed -n '/^commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'; }

# _wafersim_options BINARY COMMAND
_wafersim_options() { "$@" --help 2>/dev/null | sed -n 's/^  \(-. \[ \)\{0,1\}\(--[a-z-]*\).*/\2/p'; }

# _wafersim_keys BINARY FILE: the dotted keys of a machine or a workload, as --set takes them.
_wafersim_keys() {
  "$1" describe "$2" --format json 2>/dev/null | awk '
    /^  "inputs"/ { inside = 1; next }
    /^  [^ ]/ { inside = 0 }
    inside && match($0, /^ +"/) {
      depth = (RLENGTH - 1) / 2
      key = $1; gsub(/[":,]/, "", key); part[depth] = key
      if ($0 ~ /\{$/) next
      path = depth > 2 && part[2] == "workload" ? "workload" : ""
      for (i = 3; i <= depth; i++) path = path (path == "" ? "" : ".") part[i]
      print path "="
    }'
}

_wafersim() {
  local binary=$1 current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  local command=${COMP_WORDS[1]} word
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    mapfile -t COMPREPLY < <(compgen -W "$(_wafersim_commands "$binary") --help --version" -- "$current")
    return
  fi
  case $previous in
    --set)
      compopt -o nospace
      local keys=
      for word in "${COMP_WORDS[@]:2}"; do
        case $word in *.yaml | *.yml | *.json) keys+=" $(_wafersim_keys "$binary" "$word")" ;; esac
      done
      mapfile -t COMPREPLY < <(compgen -W "$keys" -- "$current")
      return ;;
    --format)
      case $command in
        run | sensitivity | layer) word='text json csv' ;;
        sweep) word='text csv jsonl' ;;
        *) word='text json' ;;
      esac
      mapfile -t COMPREPLY < <(compgen -W "$word" -- "$current")
      return ;;
    --fidelity)
      [ "$command" = kernel ] && word='wavelet folded flow' || word='flow sampled folded'
      mapfile -t COMPREPLY < <(compgen -W "$word" -- "$current")
      return ;;
    --unknown) mapfile -t COMPREPLY < <(compgen -W "stop skip" -- "$current") && return ;;
    --plot)
      mapfile -t COMPREPLY < <(compgen -W 'cycles tokens_per_second samples_per_second utilization efficiency' -- "$current")
      return ;;
    --jobs | -j | --bind | --shard | --shards | --account | --partition | --time | --tolerance | --change | --point | =) return ;;
    --output | -o | --trace | --junit)
      compopt -o filenames
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      return ;;
  esac
  if [[ $current == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$(_wafersim_options "$binary" "$command")" -- "$current")
  else
    compopt -o filenames
    mapfile -t COMPREPLY < <(
      compgen -d -- "$current"
      for word in yaml yml json onnx csv; do compgen -f -X "!*.$word" -- "$current"; done)
  fi
}

complete -F _wafersim wafersim
