package main

import (
	"errors"
	"flag"
	"fmt"
)

const defaultInstance = "ml.g4dn.xlarge" // the template's

// newAccountConcurrency is what many new accounts get: ten functions at once, in the whole
// account.
const newAccountConcurrency = 10

type quota struct {
	QuotaCode, QuotaName string
	Value                float64
}

// quotaVerb is `make quota-check`.
func quotaVerb(c *command, flags *flag.FlagSet, args []string) error {
	instance := flags.String("instance", or(c.env("INSTANCE"), defaultInstance), "kind of the GPU instance")
	if err := parse(flags, args); err != nil {
		return err
	}
	if err := c.login(); err != nil {
		return err
	}
	c.announce("make quota-check", plan{does: []string{"asks Service Quotas and Lambda what this account may run; changes nothing"}, costs: "nothing", undo: "nothing to undo"})
	endpoint := c.gpuQuota(*instance)
	if endpoint == nil {
		c.say("  ok     an endpoint on %s is allowed", *instance)
	}
	var lambda struct {
		AccountLimit struct {
			ConcurrentExecutions, UnreservedConcurrentExecutions int
		}
	}
	if err := c.aws(&lambda, "lambda", "get-account-settings"); err != nil {
		return errors.Join(endpoint, err)
	}
	n := lambda.AccountLimit.ConcurrentExecutions
	if n <= newAccountConcurrency {
		c.say("  low    %d functions may run at once in this account: the template reserves none, and a burst waits; ask for more under Service Quotas, AWS Lambda, \"Concurrent executions\"", n)
	} else {
		c.say("  ok     %d functions may run at once, %d of them not reserved", n, lambda.AccountLimit.UnreservedConcurrentExecutions)
	}
	c.say("  note   how much memory a function may have cannot be asked. New accounts get 3008 MB, which is the template's StageMemory;\n" +
		"         a deployment with more that is not allowed ends with \"'MemorySize' value failed to satisfy constraint\".")
	return endpoint
}

// gpuQuota refuses where the account may not run one endpoint on the instance.
func (c *command) gpuQuota(instance string) error {
	name := instance + " for endpoint usage"
	var found []quota
	query := fmt.Sprintf("Quotas[?QuotaName=='%s'].{QuotaCode:QuotaCode,QuotaName:QuotaName,Value:Value}", name)
	err := c.aws(&found, "service-quotas", "list-service-quotas", "--service-code", "sagemaker", "--query", query)
	if err == nil && len(found) == 0 {
		err = c.aws(&found, "service-quotas", "list-aws-default-service-quotas", "--service-code", "sagemaker", "--query", query)
	}
	switch {
	case says(err, "AccessDenied"), says(err, "not authorized"):
		c.say("  note   this login may not read quotas (servicequotas:ListServiceQuotas): whether %s is allowed shows when the endpoint is made", instance)
		return nil
	case err != nil:
		return err
	case len(found) == 0:
		return &fault{text: fmt.Sprintf("Service Quotas does not know %q in %s", name, c.region), hint: "the instance may not exist in this region: INSTANCE=ml.g5.xlarge or ml.g6.xlarge, or another AWS_REGION"}
	case found[0].Value < 1:
		q := found[0]
		return &fault{
			text: fmt.Sprintf("the quota %q is %g in %s: no GPU endpoint can be made", name, q.Value, c.region),
			hint: fmt.Sprintf("`aws service-quotas request-service-quota-increase --service-code sagemaker --quota-code %s --desired-value 1 --region %s`; it takes hours to days. Until then `make deploy` without ModelImageUri serves label maps", q.QuotaCode, c.region),
		}
	}
	return nil
}
