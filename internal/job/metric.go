package job

// These are the metrics of jobs that every deployment has under the same names: on AWS in
// CloudWatch, by embedded metric format in the log of settle, and on one machine at
// /metrics, which reads the same lines. Units are in the names, as Prometheus wants them.
const (
	// MetricEnded counts endings, by MetricStatus: ready, rejected or failed.
	MetricEnded = "iris_jobs_ended_total"
	// MetricJobSeconds is from the creation of a job to its ending, for jobs that are ready
	// at their first attempt.
	MetricJobSeconds = "iris_job_duration_seconds"
	// MetricStageSeconds is how long a stage of a job that has ended took, by MetricStage.
	MetricStageSeconds = "iris_job_stage_duration_seconds"
)

// These are the dimensions of those metrics.
const (
	MetricStatus = "status"
	MetricStage  = "stage"
)

// MetricsNamespace is the namespace in CloudWatch of a stack's metrics.
func MetricsNamespace(stack string) string { return "IRIS/" + stack }
