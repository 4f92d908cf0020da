/** Labels and annotations that the operator sets for attempt 2 of the run fix-login. */
export const managedMetadata = {
  labels: {
    "app.kubernetes.io/managed-by": "clauderun-operator",
    "batch.kubernetes.io/job-name": "fix-login-0f6b2c1d-1",
    "paperclip.io/agent": "reviewer",
    "paperclip.io/run": "fix-login",
  },
  annotations: {
    "paperclip.io/run-uid": "0f6b2c1d-6e1f-4c6e-9f57-0a1b2c3d4e5f",
    "paperclip.io/attempt": "2",
    "paperclip.io/priority": "-7",
  },
};
