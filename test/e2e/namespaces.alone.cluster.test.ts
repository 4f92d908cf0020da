/** The operator installed for a list of namespaces, with rights in no other. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { installOperator, operatorNamespace, release } from "../install.ts";
import { kubectl } from "../cluster/kubectl.ts";
import { Stage } from "./stage.ts";

const say = (line: string): void => console.error(line);
let inside: Stage, alsoInside: Stage, outside: Stage;
beforeAll(async () => {
  [inside, alsoInside, outside] = await Promise.all([Stage.open("inside"), Stage.open("also"), Stage.open("outside")]);
  await installOperator(say, { values: { watchNamespaces: `{${inside.namespace},${alsoInside.namespace}}` } });
});
afterAll(async () => {
  await installOperator(say);
  await Promise.all([inside, alsoInside, outside].map((stage) => stage.close()));
});

it("runs in the list are served, others are left alone", async () => {
  await outside.create(outside.run("ignored", [{ text: "never" }]));
  await inside.create(inside.run("one", [{ text: "first" }]));
  await alsoInside.create(alsoInside.run("two", [{ text: "second" }]));
  expect((await inside.ended("one")).status).toMatchObject({ phase: "Succeeded", result: { text: "first" } });
  expect((await alsoInside.ended("two")).status).toMatchObject({ phase: "Succeeded", result: { text: "second" } });
  expect((await outside.get("ignored")).status).toBeUndefined();
});

it("the operator has no rights outside the list", async () => {
  const as = `--as=system:serviceaccount:${operatorNamespace}:${release}`;
  const may = (stage: Stage): Promise<string> =>
    kubectl(["auth", "can-i", "list", "pods", "-n", stage.namespace, as]).catch(
      (error: unknown) => (error as { stdout?: string }).stdout ?? "",
    );
  expect((await may(inside)).trim()).toBe("yes");
  expect((await may(outside)).trim()).toBe("no");
});
