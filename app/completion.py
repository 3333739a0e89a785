"""`kaoji completion bash|zsh|fish`: a script by which the shell completes commands, options and files."""

import argparse
from collections.abc import Callable, Iterator

from app.parts import Part, tree


def completion(parsed: argparse.Namespace) -> int:
    """Print the script; the shell's start file takes it in, as its first line says."""
    print(script(parsed.shell, tree()), end="")
    return 0


def script(shell: str, top: Part) -> str:
    """The script for that shell."""
    return _SCRIPTS[shell](top)


def _case_of_path(top: Part, said: Callable[[Part], str]) -> Iterator[str]:
    for part in top.all():
        yield f"    {_quoted(' '.join(part.path))}) {said(part)} ;;"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


# The path walked so far is made from the words that are commands; options, and values of options, are passed over.
_WALK = """  local path='' word
  for word in "${words_before[@]}"; do
    case "${path:+$path }$word" in
%(paths)s
      *) continue ;;
    esac
    path="${path:+$path }$word"
  done
"""


def _walk(top: Part) -> str:
    return _WALK % {"paths": "\n".join(f"      {_quoted(' '.join(part.path))}) ;;" for part in top.all() if part.path)}


def _bash(top: Part) -> str:
    cases = "\n".join(_case_of_path(top, lambda part: f"words={_quoted(' '.join(word for word, _ in part.words))}"))
    return f"""# source <(kaoji completion bash)
_kaoji() {{
  local cur="${{COMP_WORDS[COMP_CWORD]}}" words=''
  local -a words_before=("${{COMP_WORDS[@]:1:COMP_CWORD-1}}")
{_walk(top)}  case "$path" in
{cases}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}}
complete -o default -F _kaoji kaoji
"""


def _zsh(top: Part) -> str:
    def described(part: Part) -> str:
        told = " ".join(_quoted(f"{word.replace(':', chr(92) + ':')}:{about}") for word, about in part.words)
        return f"told=({told})"

    cases = "\n".join(_case_of_path(top, described))
    return f"""#compdef kaoji
# source <(kaoji completion zsh)
_kaoji() {{
  local -a told words_before
  words_before=("${{(@)words[2,CURRENT-1]}}")
{_walk(top)}  case "$path" in
{cases}
  esac
  _describe 'kaoji' told || _files
}}
compdef _kaoji kaoji
"""


def _fish(top: Part) -> str:
    paths = "\n".join(f"      case {_quoted(' '.join(part.path))}" for part in top.all() if part.path)
    lines = [
        "# kaoji completion fish | source",
        "function __kaoji_at",
        "  set -l path",
        "  for word in (commandline -opc)[2..-1]",
        '    switch (string join " " $path $word)',
        paths,
        "        set -a path $word",
        "    end",
        "  end",
        '  test (string join " " $path) = "$argv[1]"',
        "end",
    ]
    for part in top.all():
        at = _quoted(f"__kaoji_at '{' '.join(part.path)}'")
        lines += [f"complete -c kaoji -n {at} -a {_quoted(word)} -d {_quoted(about)}" for word, about in part.words]
    return "\n".join(lines) + "\n"


_SCRIPTS: dict[str, Callable[[Part], str]] = {"bash": _bash, "zsh": _zsh, "fish": _fish}
