package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"slices"
	"strings"
)

// nameServers asks the world's DNS which servers a domain is delegated to. Tests put
// another one in its place.
var nameServers = func(ctx context.Context, domain string) ([]string, error) {
	found, err := net.DefaultResolver.LookupNS(ctx, domain)
	var names []string
	for _, ns := range found {
		names = append(names, ns.Host)
	}
	return names, err
}

// Parameters of the template that `make domain` sets.
const (
	domainParameter = "DomainName"
	zoneParameter   = "HostedZoneId"
)

// domainVerb is `make domain DOMAIN=…`.
func domainVerb(c *command, flags *flag.FlagSet, args []string) error {
	dir := flags.String("dir", "build/aws", "what `make package` made")
	domain := flags.String("domain", c.env("DOMAIN"), "the domain: iris-oculus.com")
	words := flags.String("params", c.env("PARAMS"), "further parameters of the template")
	if err := parse(flags, args); err != nil {
		return err
	}
	name := strings.ToLower(strings.TrimSuffix(*domain, "."))
	if !strings.Contains(name, ".") || strings.ContainsAny(name, "/: *") {
		return &fault{text: fmt.Sprintf("%q is no domain", *domain), hint: "DOMAIN=iris-oculus.com"}
	}
	o, err := c.parameters(*words)
	if err != nil {
		return err
	}
	s, err := c.standing()
	if err != nil {
		return err
	}
	c.announce("make domain", plan{
		does: []string{
			fmt.Sprintf("checks that %s is delegated to its Route 53 zone: certificates wait for ever otherwise", name),
			fmt.Sprintf("updates the stack with %s and %s: certificates by DNS, api.%s, and where the page is on Amplify %s and www.%s", domainParameter, zoneParameter, name, name, name),
		},
		costs: "the hosted zone 0.50 USD a month; certificates nothing; the registration itself is not touched",
		undo:  fmt.Sprintf("`make deploy PARAMS='%s= %s='`: the API answers at its own address again", domainParameter, zoneParameter),
	})
	zone, err := c.delegated(name)
	if err != nil {
		return err
	}
	return c.roll(*dir, o.with(domainParameter, name).with(zoneParameter, zone), s, false)
}

// delegated is the id of the domain's public zone, to which the world's DNS leads.
func (c *command) delegated(name string) (zone string, err error) {
	var zones struct {
		HostedZones []struct {
			Id, Name string
			Config   struct{ PrivateZone bool }
		}
	}
	if err := c.aws(&zones, "route53", "list-hosted-zones-by-name", "--dns-name", name, "--max-items", "10"); err != nil {
		return "", err
	}
	for _, z := range zones.HostedZones {
		if z.Name == name+"." && !z.Config.PrivateZone {
			if zone != "" {
				return "", &fault{text: fmt.Sprintf("there are several public zones of %s", name), hint: "only one is delegated: delete the others, or `make deploy PARAMS='" + domainParameter + "=" + name + " " + zoneParameter + "=Z…'`"}
			}
			zone = strings.TrimPrefix(z.Id, "/hostedzone/")
		}
	}
	if zone == "" {
		return "", &fault{text: fmt.Sprintf("Route 53 has no public zone of %s", name),
			hint: fmt.Sprintf("`aws route53 create-hosted-zone --name %s --caller-reference iris-1` (0.50 USD a month), then give its four name servers to the registrar", name)}
	}
	var detail struct {
		DelegationSet struct{ NameServers []string }
	}
	if err := c.aws(&detail, "route53", "get-hosted-zone", "--id", zone); err != nil {
		return "", err
	}
	want := plain(detail.DelegationSet.NameServers)
	found, err := nameServers(c.ctx, name)
	got := plain(found)
	give := fmt.Sprintf("tell the registrar these: %s; `dig NS %s` shows when it is done (minutes to two days)", strings.Join(want, ", "), name)
	switch {
	case err != nil || len(got) == 0:
		return "", &fault{text: fmt.Sprintf("DNS knows no name servers of %s: certificates would stay pending", name), hint: give}
	case !slices.Equal(want, got):
		return "", &fault{text: fmt.Sprintf("%s is delegated to %s, which are not the zone's: certificates would stay pending", name, strings.Join(got, ", ")), hint: give}
	}
	c.say("  ok     %s is delegated to zone %s", name, zone)
	return zone, nil
}

func plain(names []string) []string {
	var all []string
	for _, n := range names {
		all = append(all, strings.ToLower(strings.TrimSuffix(n, ".")))
	}
	slices.Sort(all)
	return all
}
