interface Node {
  readonly id: string;
  readonly dependsOn: readonly string[];
}

/**
 * One dependency cycle, as the ids along it with the first repeated at the end (`a`, `b`, `a`), or undefined.
 * Unknown ids are ignored: they are another problem. Linear in tasks and edges, and without recursion, so that a
 * chain of any length is fine.
 */
export function findCycle(nodes: readonly Node[]): string[] | undefined {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const finished = new Set<string>();
  for (const root of nodes) {
    const path: { node: Node; next: number }[] = [];
    const onPath = new Set<string>();
    const enter = (node: Node): void => {
      path.push({ node, next: 0 });
      onPath.add(node.id);
    };
    if (!finished.has(root.id)) enter(root);
    for (let top = path.at(-1); top; top = path.at(-1)) {
      const dependency = byId.get(top.node.dependsOn[top.next] ?? "");
      if (top.next >= top.node.dependsOn.length) {
        finished.add(top.node.id);
        onPath.delete(top.node.id);
        path.pop();
      } else {
        top.next += 1;
        if (!dependency || finished.has(dependency.id)) continue;
        if (onPath.has(dependency.id)) {
          const ids = path.map((step) => step.node.id);
          return [...ids.slice(ids.indexOf(dependency.id)), dependency.id];
        }
        enter(dependency);
      }
    }
  }
  return undefined;
}

/** Dependencies that are listed after the task that needs them. Before phase 3 tasks run as listed, so these could never be met. */
export function forwardDependencies(nodes: readonly Node[]): { task: string; dependency: string }[] {
  const position = new Map(nodes.map((node, index) => [node.id, index]));
  return nodes.flatMap((node, index) =>
    node.dependsOn
      .filter((dependency) => (position.get(dependency) ?? -1) > index)
      .map((dependency) => ({ task: node.id, dependency })),
  );
}
