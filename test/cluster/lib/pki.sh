# shellcheck shell=bash
# Certificates and kubeconfigs of the local back end: one authority, one key pair per component, made anew at every up.

new_key() { openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "$@" 2>/dev/null; }

issue() { # NAME SUBJECT [SUBJECT_ALT_NAMES]
  local at=$R/pki/$1
  new_key -keyout "$at.key" -out "$at.csr" -subj "$2"
  openssl x509 -req -in "$at.csr" -CA "$R/pki/ca.crt" -CAkey "$R/pki/ca.key" -CAcreateserial -days 365 -out "$at.crt" \
    -extfile <(printf 'extendedKeyUsage=serverAuth,clientAuth\nsubjectAltName=%s' "${3:-DNS:none}") 2>/dev/null
}

kubeconfig() { # NAME
  cat >"$R/$1.kubeconfig" <<EOF
apiVersion: v1
kind: Config
clusters: [{name: local, cluster: {server: "https://127.0.0.1:6443", certificate-authority: $R/pki/ca.crt}}]
users: [{name: user, user: {client-certificate: $R/pki/$1.crt, client-key: $R/pki/$1.key}}]
contexts: [{name: local, context: {cluster: local, user: user}}]
current-context: local
EOF
}

make_pki() {
  local name
  umask 077
  new_key -x509 -keyout "$R/pki/ca.key" -out "$R/pki/ca.crt" -days 365 -subj /CN=local-ca
  issue apiserver /CN=kube-apiserver \
    "IP:127.0.0.1,IP:$FIRST_SERVICE,IP:$NODE,DNS:localhost,DNS:kubernetes.default.svc"
  issue admin /O=system:masters/CN=admin
  for name in kube-controller-manager kube-scheduler kube-proxy; do issue $name "/CN=system:$name"; done
  issue kubelet /O=system:nodes/CN=system:node:node0 "IP:$NODE,DNS:node0"
  openssl ecparam -genkey -name prime256v1 -noout -out "$R/pki/sa.key"
  openssl ec -in "$R/pki/sa.key" -pubout -out "$R/pki/sa.pub" 2>/dev/null
  for name in admin kube-controller-manager kube-scheduler kube-proxy kubelet; do kubeconfig $name; done
  umask 022
}
