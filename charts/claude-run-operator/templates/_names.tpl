{{- define "labels" -}}
app.kubernetes.io/name: claude-run-operator
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/component: operator
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- /* The operator's pods. */ -}}
{{- define "selector" -}}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: operator
{{- end -}}

{{- /* Empty until both images are named; what waits for them says so in NOTES.txt. */ -}}
{{- define "hasImages" -}}
{{- if and .Values.image .Values.run.image }}yes{{ end -}}
{{- end -}}
