// `completion`: a shell's completion of commands, options and values, made from the commands themselves.
import type { Command, Option } from "commander";

import { CommandError } from "./errors.js";
import { Output } from "./io.js";

/** The shells that there is a completion for. */
export const SHELLS = ["bash", "zsh", "fish"] as const;

/** What may follow an option or stand as an argument. */
type Value = { readonly kind: "none" | "any" | "file" | "folder" } | { readonly kind: "choice"; readonly choices: readonly string[] };

interface OptionWords {
  /** `-h`, `--help`: every way to write it. */
  readonly flags: readonly string[];
  readonly about: string;
  readonly value: Value;
}

interface CommandWords {
  readonly name: string;
  readonly about: string;
  readonly options: readonly OptionWords[];
  readonly argument: Value;
}

/** Prints the completion for a shell. */
export async function completion(shell: string, root: Command): Promise<0> {
  const commands = wordsOf(root);
  const program = root.name();
  switch (shell) {
    case "bash":
      await new Output().write(bash(program, commands));
      return 0;
    case "zsh":
      await new Output().write(zsh(program, commands));
      return 0;
    case "fish":
      await new Output().write(fish(program, commands));
      return 0;
    default:
      throw new CommandError(2, `completion is for ${SHELLS.join(", ")}, got \`${shell}\``);
  }
}

/** Every command with its options, as the parser and the help have them. */
function wordsOf(root: Command): CommandWords[] {
  const help: OptionWords = { flags: ["-h", "--help"], about: "display help for command", value: { kind: "none" } };
  const commands = root.commands.map((command) => ({
    name: command.name(),
    about: command.summary() || command.description(),
    options: [
      ...command.options
        .filter(({ hidden }) => !hidden)
        .map((option) => ({
          flags: [option.short, option.long].filter((flag) => flag !== undefined && flag !== null) as string[],
          about: option.description,
          value: valueOf(option),
        })),
      help,
    ],
    argument: argumentOf(command),
  }));
  const names = commands.map(({ name }) => name);
  return [...commands, { name: "help", about: "display help for command", options: [], argument: { kind: "choice", choices: names } }];
}

function valueOf(option: Option): Value {
  if (option.argChoices) return { kind: "choice", choices: option.argChoices };
  if (!option.required && !option.optional) return { kind: "none" };
  return placeholder(option.flags);
}

function argumentOf(command: Command): Value {
  const [argument] = command.registeredArguments;
  if (!argument) return { kind: "none" };
  if (argument.argChoices) return { kind: "choice", choices: argument.argChoices };
  return placeholder(`<${argument.name()}>`);
}

/** `<file>` and `<dir>` say what they are. */
function placeholder(text: string): Value {
  const [, name] = /[<[]([\w-]+)/.exec(text) ?? [];
  return { kind: name === "file" ? "file" : name === "dir" ? "folder" : "any" };
}

function bash(program: string, commands: readonly CommandWords[]): string {
  const fn = `_${program.replaceAll("-", "_")}`;
  const files = (kind: "f" | "d"): string => `COMPREPLY=($(compgen -${kind} -- "$word"))`;
  const given = (value: Value): string => {
    switch (value.kind) {
      case "choice":
        return `COMPREPLY=($(compgen -W "${value.choices.join(" ")}" -- "$word"))`;
      case "file":
        return `compopt -o filenames 2>/dev/null; ${files("f")}`;
      case "folder":
        return `compopt -o filenames 2>/dev/null; ${files("d")}`;
      default:
        return "COMPREPLY=()";
    }
  };
  const cases = commands.map(({ name, options, argument }) => {
    const valued = options.filter(({ value }) => value.kind !== "none");
    const flags = options.flatMap((option) => option.flags).join(" ");
    return `    ${name})
      case $before in
${valued.map((option) => `        ${option.flags.join("|")}) ${given(option.value)}; return ;;`).join("\n")}
      esac
      case $word in
        -*) COMPREPLY=($(compgen -W "${flags}" -- "$word")) ;;
        *) ${given(argument)} ;;
      esac ;;`.replace(/      case \$before in\n\n      esac\n/, "");
  });
  return `# ${program} for bash: source <(${program} completion bash)
${fn}() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD - 1]}
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W "${commands.map(({ name }) => name).join(" ")} --help --version" -- "$word"))
    return
  fi
  case \${COMP_WORDS[1]} in
${cases.join("\n")}
  esac
}
complete -F ${fn} ${program}
`;
}

function zsh(program: string, commands: readonly CommandWords[]): string {
  const fn = `_${program.replaceAll("-", "_")}`;
  const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
  // What means something to _arguments is taken for what it is.
  const plain = (text: string): string => text.replace(/[\\[\]:]/g, (sign) => `\\${sign}`);
  const action = (value: Value): string => {
    switch (value.kind) {
      case "choice":
        return `:value:(${value.choices.join(" ")})`;
      case "file":
        return ":file:_files";
      case "folder":
        return ":folder:_files -/";
      case "any":
        return ":value:";
      default:
        return "";
    }
  };
  const cases = commands.map(({ name, options, argument }) => {
    const specs = options.flatMap(({ flags, about, value }) => flags.map((flag) => quoted(`${flag}[${plain(about)}]${action(value)}`)));
    if (argument.kind !== "none") specs.push(quoted(`1${action(argument)}`));
    return `    ${name}) _arguments ${["-s", ...specs].join(" \\\n      ")} ;;`;
  });
  return `#compdef ${program}
# ${program} for zsh: source <(${program} completion zsh)
${fn}() {
  local -a commands
  commands=(
${commands.map(({ name, about }) => `    ${quoted(`${name}:${about}`)}`).join("\n")}
  )
  if ((CURRENT == 2)); then
    _describe command commands
    return
  fi
  local command=$words[2]
  words=("\${(@)words[2,-1]}")
  ((CURRENT--))
  case $command in
${cases.join("\n")}
  esac
}
if [[ $funcstack[1] == ${fn} ]]; then ${fn} "$@"; else compdef ${fn} ${program}; fi
`;
}

function fish(program: string, commands: readonly CommandWords[]): string {
  const quoted = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
  const given = (value: Value): string => {
    switch (value.kind) {
      case "choice":
        return ` -x -a ${quoted(value.choices.join(" "))}`;
      case "file":
        return " -r -F";
      case "folder":
        return " -x -a '(__fish_complete_directories)'";
      case "any":
        return " -x";
      default:
        return "";
    }
  };
  const lines = commands.flatMap(({ name, about, options, argument }) => {
    const after = `complete -c ${program} -n '__fish_seen_subcommand_from ${name}'`;
    return [
      `complete -c ${program} -n __fish_use_subcommand -a ${name} -d ${quoted(about)}`,
      ...options.map(({ flags, about: text, value }) => {
        const names = flags.map((flag) => (flag.startsWith("--") ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
        return `${after} ${names.join(" ")}${given(value)} -d ${quoted(text)}`;
      }),
      ...(argument.kind === "file" ? [`${after} -F`] : argument.kind === "choice" ? [`${after} -a ${quoted(argument.choices.join(" "))}`] : []),
    ];
  });
  return `# ${program} for fish: ${program} completion fish | source
complete -c ${program} -f
${lines.join("\n")}
`;
}
