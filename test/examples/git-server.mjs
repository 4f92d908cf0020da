// A private repository for the tests: git's own CGI behind a password, for example/private.git. Node and git, nothing else.
import { execFileSync, spawn } from "node:child_process";
import http from "node:http";

const root = process.env.GIT_PROJECT_ROOT;
const make = `git init -q work && cd work && echo "Only for those who may read it." > README.md && git add README.md
git -c user.name=t -c user.email=t@example.com commit -qm "Say what it is" && git clone -q --bare . "${root}/example/private.git"`;
execFileSync("sh", ["-ec", make], { cwd: root, stdio: "inherit" });

const allowed = `Basic ${Buffer.from(process.env.USER_AND_PASSWORD).toString("base64")}`;

function answer(request, response) {
  if (request.headers.authorization !== allowed) {
    response.writeHead(401, { "www-authenticate": 'Basic realm="git"' });
    response.end();
    return;
  }
  const [path, query = ""] = request.url.split("?");
  const env = {
    ...process.env,
    GIT_HTTP_EXPORT_ALL: "1",
    PATH_INFO: path,
    QUERY_STRING: query,
    REQUEST_METHOD: request.method,
    CONTENT_TYPE: request.headers["content-type"] ?? "",
    HTTP_CONTENT_ENCODING: request.headers["content-encoding"] ?? "",
    HTTP_GIT_PROTOCOL: request.headers["git-protocol"] ?? "",
  };
  const cgi = spawn("git", ["http-backend"], { env, stdio: ["pipe", "pipe", "inherit"] });
  request.pipe(cgi.stdin);
  const said = [];
  cgi.stdout.on("data", (chunk) => said.push(chunk));
  cgi.on("close", () => {
    const whole = Buffer.concat(said);
    const headEnd = whole.indexOf("\r\n\r\n");
    for (const line of whole.subarray(0, headEnd).toString().split("\r\n")) {
      const [name, value] = line.split(": ");
      if (name === "Status") response.statusCode = parseInt(value, 10);
      else response.setHeader(name, value);
    }
    response.end(whole.subarray(headEnd + 4));
  });
}

http.createServer(answer).listen(8080, () => console.log("serving"));
