/** Whether `port` is one that anybody may listen on: those below 1024 are the system's. */
export function isUnprivilegedPort(port: number): boolean {
  return Number.isInteger(port) && port >= 1024 && port <= 65_535;
}
