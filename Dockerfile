# The operator: one bundle on Node. dist/ comes from `npm run build`; the build context named npm holds Node's binary:
#   npm ci --prefix test/images --ignore-scripts
#   docker build --build-context npm=test/images/node_modules .
FROM docker.io/library/debian:bookworm-slim
COPY --from=npm node-linux-*/bin/node /usr/local/bin/node
# the runner lies beside the operator, which puts it into every agent's pod
COPY dist/operator.mjs dist/runner.mjs /app/
WORKDIR /app
USER 65532:65532
ENV NODE_ENV=production
ENTRYPOINT ["node", "/app/operator.mjs"]
