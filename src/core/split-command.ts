/** A simple command of a shell line, and what stands between it and the next one. */
export interface CommandPart {
  readonly text: string;
  /** Empty at the end. A new line is a `;`. */
  readonly joint: "" | ";" | "&&" | "||" | "|" | "&";
}

/** Splits a shell line at what joins commands. Quotes and substitutions are kept whole; it does not have to be right shell. */
export function splitCommand(command: string): CommandPart[] {
  const parts: CommandPart[] = [];
  let text = "";
  const end = (joint: CommandPart["joint"]): void => {
    if (text.trim() !== "" || joint !== ";") parts.push({ text: text.trim(), joint });
    text = "";
  };
  for (let at = 0; at < command.length; at += 1) {
    const character = command[at] ?? "";
    const two = command.slice(at, at + 2);
    if (character === "\\" && command[at + 1] === "\n") {
      text += " ";
      at += 1;
    } else if (character === "\\") {
      text += two;
      at += 1;
    } else if (character === '"' || character === "'") {
      const close = command.indexOf(character, at + 1);
      const stop = close === -1 ? command.length : close + 1;
      text += command.slice(at, stop);
      at = stop - 1;
    } else if (two === "&&" || two === "||") {
      end(two);
      at += 1;
    } else if (two === "2>" || two === ">&" || two === "&>") {
      text += two;
      at += 1;
      if (command[at + 1] === "&") {
        text += "&";
        at += 1;
      }
    } else if (character === ";" || character === "\n") end(";");
    else if (character === "|" || character === "&") end(character);
    else text += character;
  }
  end("");
  const last = parts.at(-1);
  if (last?.text === "" && parts.length > 1) parts.pop();
  return parts;
}

/** The words of a simple command, without their quotes and without redirections. */
export function words(command: string): string[] {
  const found: string[] = [];
  for (const [, double, single, bare] of command.matchAll(/"([^"]*)"|'([^']*)'|((?:[^\s"'\\]|\\.)+)/g)) {
    const word = double ?? single ?? bare ?? "";
    if (!/^\d*[<>]/.test(word)) found.push(word);
  }
  return found;
}
