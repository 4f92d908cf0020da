{{- /* Empty if this chart is disabled. Each template calls it first, because it also fills in default values. */ -}}
{{- define "claude-run-operator.enabled" -}}
{{- include "claude-run-operator.complete" (dict "values" .Values "defaults" (.Files.Get "files/defaults.yaml" | fromYaml)) -}}
{{- if .Values.enabled }}yes{{ end -}}
{{- end -}}

{{- /* Replaces a null value by its default, because Helm deletes its key and a template would print <nil>. Helm merges
resources and labels with their defaults, so null becomes empty for them: there is no other way to clear them. */ -}}
{{- define "claude-run-operator.complete" -}}
{{- range $name, $default := .defaults -}}
{{- $isFree := has $name (list "resources" "labels") -}}
{{- $given := get $.values $name -}}
{{- if or (not (hasKey $.values $name)) (kindIs "invalid" $given) -}}
{{- $_ := set $.values $name (ternary dict $default $isFree) -}}
{{- else if and (kindIs "map" $default) (not $isFree) -}}
{{- include "claude-run-operator.complete" (dict "values" $given "defaults" $default) -}}
{{- end -}}
{{- end -}}
{{- end -}}
