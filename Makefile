# make demo | demo-paperclip | test | check | test-long | clean   (each does its own set-up after a bare clone)
.PHONY: demo demo-paperclip test check test-long clean setup
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)

setup:
	@./tools/setup
check: setup  ## everything without a cluster: types, lint, prose, generated files, unit, property and simulation tests
	@node tools/check.ts
test: setup   ## everything, on a real cluster; ends in "N passed, N failed"
	@node tools/check.ts --cluster $(CHECK_OPTIONS)
test-long: setup
	@node tools/check.ts --cluster --long
demo: setup   ## the main job, watched live: three ClaudeRuns for two agents
	@node test/demo/main.ts
demo-paperclip: setup   ## a Paperclip server whose agents run on the cluster, watched live
	@node test/paperclip/demo/main.ts
clean:        ## takes the cluster down and removes what was built
	@./test/cluster/cluster down || true
	@CLUSTER_INSTANCE=faults ./test/cluster/cluster down || true
	@rm -rf dist node_modules
