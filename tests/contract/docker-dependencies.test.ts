import { LABEL_DEPENDENCIES } from "../../src/sandbox/docker/container-spec.ts";
import { DockerDependencies, dockerSets } from "../../src/sandbox/docker/docker-dependencies.ts";
import { dockerUnderTest } from "../fixtures/docker-under-test.ts";
import { testDependencies } from "./dependencies.ts";

testDependencies("Docker", async () => {
  const under = await dockerUnderTest("dependencies");
  const { docker, workspace } = under;
  const filters = { label: [`${LABEL_DEPENDENCIES}=${workspace}`] };
  return {
    ...under,
    dependencies: new DockerDependencies(under),
    standing: (owner) => dockerSets(docker, owner),
    sets: async () => ((await docker.listVolumes({ filters })).Volumes ?? []).map(({ Name }) => Name),
    close: async () => await Promise.resolve(),
  };
});
