/** The scripts that `completion` prints; they call this program for candidates. */

const bash = `# kubectl-claude: source <(kubectl claude completion bash)
_kubectl_claude() {
  local line words=("\${COMP_WORDS[@]:1:COMP_CWORD}")
  COMPREPLY=()
  while IFS= read -r line; do
    [[ $line == :* ]] && { [[ $line == :0 ]] && compopt -o default; continue; }
    COMPREPLY+=("\${line%%$'\\t'*}")
  done < <(kubectl-claude __complete "\${words[@]}" 2>/dev/null)
}
complete -F _kubectl_claude kubectl-claude
`;

const zsh = `#compdef kubectl-claude
# kubectl-claude: source <(kubectl claude completion zsh)
_kubectl_claude() {
  local -a found
  local line directive
  for line in "\${(@f)$(kubectl-claude __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    case $line in
      :*) directive=$line ;;
      ?*) found+=("\${\${line//:/\\\\:}/$'\\t'/:}") ;;
    esac
  done
  (( \${#found} )) && _describe kubectl-claude found
  [[ $directive == :0 ]] && _files
}
compdef _kubectl_claude kubectl-claude
`;

const fish = `# kubectl-claude: kubectl claude completion fish | source
function __kubectl_claude
  set -l words (commandline -opc) (commandline -ct)
  kubectl-claude __complete $words[2..] 2>/dev/null | string match -v ':*'
end
complete -c kubectl-claude -f -a '(__kubectl_claude)'
`;

/** Scripts by shell. */
export const scripts = { bash, zsh, fish } as const;
