/**
 * Python's public index, which pip itself has built in, and the host of its files. Used where the configuration names no
 * registries: pip on this machine need not exist, so that it cannot be asked, as npm is.
 */
export const PYTHON_INDEX = { url: "https://pypi.org/simple", hosts: ["files.pythonhosted.org"] } as const;
