import { Office } from "./office.ts";
const office = await Office.open("px");
console.log(office.server.url, office.stage.namespace, office.directory);
const agent = await office.agent("Worker");
const issue = await office.issue(agent, [
  {
    tool: "Bash",
    input: {
      command: `node -e 'const e=process.env;const h={authorization:"Bearer "+e.PAPERCLIP_API_KEY,"content-type":"application/json","x-paperclip-run-id":e.PAPERCLIP_RUN_ID};fetch(e.PAPERCLIP_API_URL+"/api/issues/"+e.PAPERCLIP_TASK_ID+"/comments",{method:"POST",headers:h,body:JSON.stringify({body:"from the pod"})}).then(async r=>{console.log(r.status,await r.text());const p=await fetch(e.PAPERCLIP_API_URL+"/api/issues/"+e.PAPERCLIP_TASK_ID,{method:"PATCH",headers:h,body:JSON.stringify({status:"done"})});console.log(p.status,(await p.text()).slice(0,200))})'`,
    },
  },
  { text: "All done." },
]);
const { id } = await office.nth(issue);
const run = await office.ended(id);
console.log(run.status, await office.output(id, "stdout"), await office.output(id, "stderr"));
console.log(office.server.log.slice(-3000));
process.on("SIGTERM", () => void office.close().then(() => process.exit(0)));
setInterval(() => undefined, 1000);
