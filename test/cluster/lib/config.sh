# shellcheck shell=bash
# Configuration files of containerd, CNI, the kubelet and the audit log. Every path lies below $D, so that two clusters
# share nothing and `down` can find it all.

write_config() {
  cat >"$R/containerd.toml" <<EOF
version = 2
root = "$D/containerd"
state = "$R/containerd"
oom_score = -500
[grpc]
  address = "$R/containerd.sock"
[ttrpc]
  address = "$R/containerd.ttrpc"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "$PAUSE"
  # where we lack CAP_SYS_RESOURCE, oom_score_adj may not be lowered; runc then dies with "can't get final child's PID"
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$R/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      Root = "$R/runc"
EOF
  cat >"$R/cni/10-bridge.conflist" <<EOF
{"cniVersion": "0.4.0", "name": "$NS", "plugins": [
  {"type": "bridge", "bridge": "cni0", "isGateway": true, "hairpinMode": true,
   "ipam": {"type": "host-local", "dataDir": "$R/ipam", "ranges": [[{"subnet": "$PODS"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
  {"type": "portmap", "capabilities": {"portMappings": true}}]}
EOF
  cat >"$R/kubelet.yaml" <<EOF
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: $R/pki/ca.crt}}
authorization: {mode: Webhook}
tlsCertFile: $R/pki/kubelet.crt
tlsPrivateKeyFile: $R/pki/kubelet.key
address: $NODE
cgroupDriver: cgroupfs
# two kubelets under one cgroup root would kill each other's pods as orphans
cgroupRoot: /$NS
failCgroupV1: false
failSwapOn: false
containerRuntimeEndpoint: unix://$R/containerd.sock
podLogsDir: $R/pods
volumePluginDir: $R/volume-plugins
resolvConf: /dev/null
clusterDomain: cluster.local
# never throw away an image: nothing here can pull it again
imageGCHighThresholdPercent: 100
evictionHard: {memory.available: 100Mi}
maxPods: 500
EOF
  printf 'apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived]\nrules: [{level: Metadata}]\n' \
    >"$R/audit.yaml"
}
