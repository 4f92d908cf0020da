# The operator: one bundle on Node, and no shell. dist/ comes from `npm run build`; the build context named npm holds Node's binary:
#   npm ci --prefix test/images --ignore-scripts --os=linux --cpu=x64 --libc=glibc
#   docker build --platform linux/amd64 --build-context npm=test/images/node_modules .
# BASE pins the base image where you want that: --build-arg BASE=docker.io/library/debian@sha256:…
ARG BASE=docker.io/library/debian:bookworm-slim
FROM ${BASE} AS node
COPY --from=npm node-linux-*/bin/node /usr/local/bin/node
# Node and the libraries that it is linked with, each at its path.
RUN mkdir /image \
 && cp --parents --dereference --target-directory /image \
    /usr/local/bin/node $(ldd /usr/local/bin/node | grep -o '/[^ ]*')

FROM scratch
COPY --from=node /image /
# the runner lies beside the operator, which puts it into every agent's pod
COPY dist/operator.mjs dist/runner.mjs /app/
WORKDIR /app
USER 65532:65532
ENV NODE_ENV=production
# Node's threads share glibc's heaps: an idle operator is 3 MiB smaller.
ENV MALLOC_ARENA_MAX=2
# A small young generation: an idle operator is 6 MiB smaller.
ENTRYPOINT ["/usr/local/bin/node", "--max-semi-space-size=2", "/app/operator.mjs"]
