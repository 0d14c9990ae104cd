// Package manifests judges what opensrs-doctor fleet deploy kubernetes prints, by the types that Kubernetes publishes. It is
// a module of its own, so that the program's one stays small. OPENSRS_DOCTOR_BINARY is the program.
package manifests

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/yaml"
)

const username = `x$(HOME)%h $$(A) {{ 7*7 }} "q"'\ #: [a]`

// decoded are the manifests of one run, each decoded strictly: a field that the type has not is an error.
func decoded(t *testing.T, args ...string) (batchv1.Job, batchv1.CronJob, appsv1.DaemonSet) {
	t.Helper()
	program := os.Getenv("OPENSRS_DOCTOR_BINARY")
	if program == "" {
		t.Fatal("OPENSRS_DOCTOR_BINARY names no program")
	}
	dir := t.TempDir()
	args = append([]string{"fleet", "deploy", "kubernetes", "--output", dir, "--image", "registry.example/opensrs-doctor:1", "--username", username,
		"--rule", "allow 203.0.113.0/25", "--rule", "deny 203.0.113.9/32"}, args...)
	if out, err := exec.Command(program, args...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var job batchv1.Job
	var cron batchv1.CronJob
	var daemons appsv1.DaemonSet
	for name, into := range map[string]any{"job.yaml": &job, "cronjob.yaml": &cron, "daemonset.yaml": &daemons} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := yaml.UnmarshalStrict(text, into); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if strings.Contains(string(text), "\nkind: Secret") {
			t.Errorf("%s has a Secret in it", name)
		}
	}
	return job, cron, daemons
}

func TestManifests(t *testing.T) {
	for _, args := range [][]string{nil, {"--namespace", "shop", "--secret", "opensrs", "--key-name", "live.key", "--schedule", "*/10 * * * mon-fri"}} {
		job, cron, daemons := decoded(t, args...)
		for _, one := range []struct {
			kind, want, version, wants string
			meta                       metav1.ObjectMeta
		}{{job.Kind, "Job", job.APIVersion, "batch/v1", job.ObjectMeta}, {cron.Kind, "CronJob", cron.APIVersion, "batch/v1", cron.ObjectMeta},
			{daemons.Kind, "DaemonSet", daemons.APIVersion, "apps/v1", daemons.ObjectMeta}} {
			if one.kind != one.want || one.version != one.wants || len(validation.IsDNS1123Subdomain(one.meta.Name)) > 0 {
				t.Errorf("%+v", one)
			}
			if (one.meta.Namespace == "shop") != (args != nil) {
				t.Errorf("%s in namespace %q", one.kind, one.meta.Namespace)
			}
			for name, value := range one.meta.Labels {
				if len(validation.IsQualifiedName(name))+len(validation.IsValidLabelValue(value)) > 0 {
					t.Errorf("label %s=%s", name, value)
				}
			}
		}
		secret, key, schedule := "opensrs-doctor", "api-key", "17 * * * *"
		if args != nil {
			secret, key, schedule = "opensrs", "live.key", "*/10 * * * mon-fri"
		}
		if cron.Spec.Schedule != schedule || cron.Spec.ConcurrencyPolicy != batchv1.ForbidConcurrent {
			t.Errorf("%+v", cron.Spec)
		}
		if selector, err := metav1.LabelSelectorAsMap(daemons.Spec.Selector); err != nil || len(selector) != 2 {
			t.Error(selector, err)
		} else {
			for name, value := range selector {
				if daemons.Spec.Template.Labels[name] != value {
					t.Errorf("the DaemonSet does not select its own pods: %s", name)
				}
			}
		}
		pod(t, job.Spec.Template.Spec, job.Spec.Template.Spec.Containers, secret, key, "human", corev1.RestartPolicyNever)
		of := cron.Spec.JobTemplate.Spec.Template.Spec
		pod(t, of, of.Containers, secret, key, "json", corev1.RestartPolicyNever)
		of = daemons.Spec.Template.Spec
		pod(t, of, of.InitContainers, secret, key, "json", "")
	}
}

// pod holds a pod to what the restricted Pod Security Standard asks, and the check to its words and its key.
func pod(t *testing.T, pod corev1.PodSpec, checks []corev1.Container, secret, key, format string, restart corev1.RestartPolicy) {
	t.Helper()
	if len(checks) != 1 {
		t.Fatalf("%d checks in a pod", len(checks))
	}
	s := pod.SecurityContext
	if s == nil || s.RunAsNonRoot == nil || !*s.RunAsNonRoot || s.RunAsUser == nil || *s.RunAsUser == 0 || s.FSGroup == nil ||
		s.SeccompProfile == nil || s.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault {
		t.Errorf("the pod's security context: %+v", s)
	}
	if pod.HostNetwork || pod.HostPID || pod.HostIPC || pod.RestartPolicy != restart || pod.AutomountServiceAccountToken == nil || *pod.AutomountServiceAccountToken {
		t.Errorf("%+v", pod)
	}
	for _, container := range slices.Concat(pod.InitContainers, pod.Containers) {
		s := container.SecurityContext
		if s == nil || s.AllowPrivilegeEscalation == nil || *s.AllowPrivilegeEscalation || s.Privileged == nil || *s.Privileged ||
			s.ReadOnlyRootFilesystem == nil || !*s.ReadOnlyRootFilesystem || s.Capabilities == nil || len(s.Capabilities.Add) > 0 ||
			!slices.Equal(s.Capabilities.Drop, []corev1.Capability{"ALL"}) {
			t.Errorf("%s: %+v", container.Name, s)
		}
		memory, requested := container.Resources.Limits.Memory(), container.Resources.Requests.Memory()
		if memory.IsZero() || requested.IsZero() || requested.Cmp(*memory) > 0 || container.Resources.Requests.Cpu().IsZero() {
			t.Errorf("%s: %+v", container.Name, container.Resources)
		}
	}
	check := checks[0]
	var args []string
	for _, arg := range check.Args {
		args = append(args, strings.ReplaceAll(arg, "$$", "$")) // as the kubelet reads them
	}
	want := []string{"check", "--username", username, "--rule", "allow 203.0.113.0/25", "--rule", "deny 203.0.113.9/32",
		"--api-key-file", "/run/secrets/opensrs-doctor/api-key", "-f", format}
	if !slices.Equal(args, want) || len(check.Command) > 0 || len(check.Env) > 0 {
		t.Errorf("%q\nwant %q", args, want)
	}
	if len(pod.Volumes) != 1 || len(check.VolumeMounts) != 1 || !check.VolumeMounts[0].ReadOnly || check.VolumeMounts[0].Name != pod.Volumes[0].Name {
		t.Fatalf("%+v, %+v", pod.Volumes, check.VolumeMounts)
	}
	from := pod.Volumes[0].Secret
	if from == nil || from.SecretName != secret || len(from.Items) != 1 || from.Items[0].Key != key || from.Items[0].Path != "api-key" ||
		from.DefaultMode == nil || *from.DefaultMode != 0o440 || check.VolumeMounts[0].MountPath != "/run/secrets/opensrs-doctor" {
		t.Errorf("the key: %+v", from)
	}
	if len(validation.IsDNS1123Subdomain(secret))+len(validation.IsConfigMapKey(key)) > 0 {
		t.Error(secret, key)
	}
}
