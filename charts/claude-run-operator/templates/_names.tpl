{{- /* Helm shares template names between a chart and its dependencies, so each name begins with the chart's name. */ -}}

{{- /* Name of this instance in its namespace: the release's name if it contains "claude-run", else RELEASE-claude-run.
As a dependency with an alias: RELEASE-ALIAS. At most 52 characters, so that derived names have at most 63. */ -}}
{{- define "claude-run-operator.fullname" -}}
{{- $alias := ternary "claude-run" .Chart.Name (eq .Chart.Name "claude-run-operator") -}}
{{- $part := .Values.nameOverride | default $alias | lower | replace "_" "-" -}}
{{- $full := .Values.fullnameOverride -}}
{{- if not $full -}}
{{- $full = ternary .Release.Name (printf "%s-%s" .Release.Name $part) (contains $part .Release.Name) | replace "." "-" -}}
{{- end -}}
{{- include "claude-run-operator.shortened" (dict "text" $full "length" 52) -}}
{{- end -}}

{{- /* Cuts a long text and appends a digest of the whole text, so that two long texts stay different. */ -}}
{{- define "claude-run-operator.shortened" -}}
{{- if gt (len .text) .length -}}
{{- printf "%s-%s" (trunc (sub .length 9 | int) .text | trimSuffix "-") (sha256sum .text | trunc 8) -}}
{{- else -}}
{{- .text -}}
{{- end -}}
{{- end -}}

{{- /* Name of a cluster-scoped object. Outside the namespace FULLNAME-system it ends in the namespace, because releases
of one name in two namespaces must not share it. */ -}}
{{- define "claude-run-operator.clusterName" -}}
{{- $full := include "claude-run-operator.fullname" .top -}}
{{- $full }}{{ with .part }}-{{ . }}{{ end }}{{ if ne .top.Release.Namespace (printf "%s-system" $full) }}.{{ .top.Release.Namespace }}{{ end -}}
{{- end -}}

{{- /* A Service's name must not begin with a digit. */ -}}
{{- define "claude-run-operator.metricsName" -}}
{{- $full := include "claude-run-operator.fullname" . -}}
{{- if regexMatch "^[0-9]" $full }}m-{{ end }}{{ $full }}-metrics
{{- end -}}

{{- /* Distinguishes two instances in one namespace: the release, and the alias of a dependency that has one. */ -}}
{{- define "claude-run-operator.instance" -}}
{{- if eq .Chart.Name "claude-run-operator" -}}
{{- .Release.Name -}}
{{- else -}}
{{- include "claude-run-operator.shortened" (dict "text" (printf "%s-%s" .Release.Name .Chart.Name) "length" 63) -}}
{{- end -}}
{{- end -}}

{{- define "claude-run-operator.labels" -}}
app.kubernetes.io/name: claude-run-operator
app.kubernetes.io/instance: {{ include "claude-run-operator.instance" . | quote }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/component: operator
app.kubernetes.io/managed-by: {{ .Release.Service | quote }}
{{- end -}}

{{- /* Additional labels, overridden by the chart's own. */ -}}
{{- define "claude-run-operator.labelsWith" -}}
{{- toYaml (merge (include "claude-run-operator.labels" .top | fromYaml) .more) -}}
{{- end -}}

{{- /* Selects the operator's pods. */ -}}
{{- define "claude-run-operator.selector" -}}
app.kubernetes.io/instance: {{ include "claude-run-operator.instance" . | quote }}
app.kubernetes.io/component: operator
{{- end -}}

{{- /* Empty until both images are set; NOTES.txt then asks for them. */ -}}
{{- define "claude-run-operator.hasImages" -}}
{{- if and .Values.image .Values.run.image }}yes{{ end -}}
{{- end -}}
