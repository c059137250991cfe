/**
 * Undoes whatever a `.gitattributes` of a commit asks for, in the `info/attributes` of a repository of ours, which goes
 * before all others: files are in a tree, and in git, byte for byte the same, and no program of a filter is asked for.
 */
export const NEUTRAL_ATTRIBUTES =
  "* !filter !diff !merge !text !eol !ident !working-tree-encoding !export-subst !export-ignore !whitespace !conflict-marker-size\n";
