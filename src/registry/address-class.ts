import { BlockList, isIPv6 } from "node:net";

/** Networks to which no registry belongs whose name is public, and what each is. */
const NETWORKS: readonly (readonly [network: string, bits: number, what: AddressClass])[] = [
  ["0.0.0.0", 8, "special"],
  ["10.0.0.0", 8, "private"],
  ["100.64.0.0", 10, "private"], // shared by carriers
  ["127.0.0.0", 8, "loopback"],
  ["169.254.0.0", 16, "special"], // link-local: metadata services
  ["172.16.0.0", 12, "private"],
  ["192.0.0.0", 24, "special"],
  ["192.88.99.0", 24, "special"], // relays of 6to4
  ["192.168.0.0", 16, "private"],
  ["198.18.0.0", 15, "special"], // benchmarks
  ["224.0.0.0", 4, "special"], // multicast
  ["240.0.0.0", 4, "special"], // reserved, and broadcast
  ["::1", 128, "loopback"],
  ["fc00::", 7, "private"],
  // Inside of what is otherwise public: addresses that hold another one.
  ["2001::", 32, "special"], // Teredo
  ["2002::", 16, "special"], // 6to4
];

/** Only this is public in IPv6. All else is link-local, multicast, mapped, NAT64 or not given out. */
const PUBLIC_IPV6 = list([["2000::", 3]]);

/** An address of IPv4 inside of one of IPv6: no server of names has a reason to say it so. */
const MAPPED = /^(?:0{0,4}:)+ffff:/i;

const LISTS = (["loopback", "private", "special"] as const).map((what) => ({
  what,
  networks: list(NETWORKS.filter(([, , each]) => each === what)),
}));

export type AddressClass = "public" | "private" | "loopback" | "special";

/**
 * What kind of address it is. `special` is never a registry; `private` and `loopback` only one that was configured as
 * internal. Text that is no address is special.
 */
export function addressClass(address: string): AddressClass {
  if (MAPPED.test(address)) return "special";
  const family = isIPv6(address) ? "ipv6" : "ipv4";
  try {
    const found = LISTS.find(({ networks }) => networks.check(address, family));
    if (found) return found.what;
    if (family === "ipv4") return /^\d+(?:\.\d+){3}$/.test(address) ? "public" : "special";
    return PUBLIC_IPV6.check(address, family) ? "public" : "special";
  } catch {
    return "special";
  }
}

function list(
  networks: readonly (readonly [network: string, bits: number, ...rest: unknown[]])[],
): BlockList {
  const blocks = new BlockList();
  for (const [network, bits] of networks) blocks.addSubnet(network, bits, isIPv6(network) ? "ipv6" : "ipv4");
  return blocks;
}
