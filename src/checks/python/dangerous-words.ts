/** Last names of functions and methods that take away files; that write or move them; that send something somewhere. */
export const REMOVERS = "rmtree remove unlink rmdir removedirs remove_tree truncate".split(" ");
export const WRITERS =
  "move rename replace open write_text write_bytes copy copyfile copy2 symlink chmod chown".split(" ");
export const SENDERS =
  "get post put patch delete request urlopen urlretrieve Request send sendall sendto connect create_connection sendmail send_message storbinary publish gethostbyname getaddrinfo upload_file put_object stream ws_connect".split(
    " ",
  );
export const DANGEROUS_WORDS: ReadonlySet<string> = new Set([...REMOVERS, ...WRITERS, ...SENDERS]);

/** Whether the text has a call of something of that name. */
export function isCalled(name: string, text: string): boolean {
  return text.includes(`${name}(`) || text.includes(`${name} (`);
}
