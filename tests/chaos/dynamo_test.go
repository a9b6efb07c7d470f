package chaos

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// dynamo is DynamoDB in memory with the one table of jobs and its index: what the
// product's calls need of it and nothing else. Whatever it does not know is a panic, so
// that a new expression is written here, too. TestStoresConform holds it to what the
// table on this machine and DynamoDB do.
type dynamo struct {
	mu    sync.Mutex
	items map[string]attributes // by pk and sk
	// wrote is told each change of an item, with the item before; nil stands for none.
	wrote func(before, after attributes)
}

// attributes is an item as the wire has it: name → {"S": "…"}.
type attributes = map[string]map[string]any

func (a place) key() string { return a.pk + "\x00" + a.sk }

type place struct{ pk, sk string }

func text(it attributes, name string) string {
	s, _ := it[name]["S"].(string)
	return s
}

func number(v map[string]any) (n float64, ok bool) {
	s, ok := v["N"].(string)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseFloat(s, 64)
	return n, err == nil
}

func placeOf(it attributes) place { return place{text(it, "pk"), text(it, "sk")} }

// dynamoCall is every field that the product's calls send.
type dynamoCall struct {
	Key, Item                 attributes
	ConditionExpression       string
	UpdateExpression          string
	KeyConditionExpression    string
	IndexName                 string
	ExpressionAttributeNames  map[string]string
	ExpressionAttributeValues attributes
	ScanIndexForward          *bool
	Limit                     *int
	ExclusiveStartKey         attributes
	RequestItems              map[string]struct{ Keys []attributes }
}

func (d *dynamo) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var c dynamoCall
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = json.Unmarshal(body, &c)
	}
	if err != nil {
		panic(fmt.Sprintf("dynamo: %v: %s", err, body))
	}
	if c.Limit != nil && *c.Limit < 1 {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"__type":"com.amazon.coral.validate#ValidationException","message":"Limit must be greater than or equal to 1"}`)
		return
	}
	d.mu.Lock()
	answer, met := d.answer(strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "DynamoDB_20120810."), c)
	d.mu.Unlock()
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	if !met {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException","message":"The conditional request failed"}`)
		return
	}
	out, err := json.Marshal(answer)
	if err != nil {
		panic(err)
	}
	_, _ = w.Write(out)
}

// answer carries a call out; met is false when its condition is not.
func (d *dynamo) answer(operation string, c dynamoCall) (answer any, met bool) {
	switch operation {
	case "GetItem":
		if it, ok := d.items[placeOf(c.Key).key()]; ok {
			return map[string]any{"Item": it}, true
		}
		return struct{}{}, true
	case "BatchGetItem":
		found := map[string][]attributes{}
		for table, want := range c.RequestItems {
			for _, key := range want.Keys {
				if it, ok := d.items[placeOf(key).key()]; ok {
					found[table] = append(found[table], it)
				}
			}
		}
		return map[string]any{"Responses": found, "UnprocessedKeys": struct{}{}}, true
	case "PutItem":
		return struct{}{}, d.change(placeOf(c.Item), c, func(attributes) attributes { return c.Item })
	case "DeleteItem":
		return struct{}{}, d.change(placeOf(c.Key), c, func(attributes) attributes { return nil })
	case "UpdateItem":
		return struct{}{}, d.change(placeOf(c.Key), c, func(before attributes) attributes {
			after := maps.Clone(before)
			if after == nil {
				after = maps.Clone(c.Key)
			}
			set, ok := strings.CutPrefix(c.UpdateExpression, "SET ")
			if !ok {
				panic("dynamo: update " + c.UpdateExpression)
			}
			for part := range strings.SplitSeq(set, ",") {
				name, value, _ := strings.Cut(part, "=")
				after[c.name(name)] = c.value(value)
			}
			return after
		})
	case "Query":
		return d.query(c), true
	}
	panic("dynamo: operation " + operation)
}

func (d *dynamo) change(at place, c dynamoCall, change func(attributes) attributes) bool {
	before := d.items[at.key()]
	if !c.holds(c.ConditionExpression, before) {
		return false
	}
	after := change(before)
	if d.wrote != nil {
		d.wrote(before, after)
	}
	if after == nil {
		delete(d.items, at.key())
		return true
	}
	if d.items == nil {
		d.items = map[string]attributes{}
	}
	d.items[at.key()] = after
	return true
}

func (c dynamoCall) name(s string) string {
	s = strings.TrimSpace(s)
	if strings.HasPrefix(s, "#") {
		return c.ExpressionAttributeNames[s]
	}
	return s
}

func (c dynamoCall) value(s string) map[string]any {
	v, ok := c.ExpressionAttributeValues[strings.TrimSpace(s)]
	if !ok {
		panic("dynamo: no value " + s)
	}
	return v
}

// holds reads an expression of terms that are joined by OR or by AND, never by both.
func (c dynamoCall) holds(expression string, it attributes) bool {
	if expression == "" {
		return true
	}
	if any := strings.Split(expression, " OR "); len(any) > 1 {
		return slices.ContainsFunc(any, func(t string) bool { return c.holds(t, it) })
	}
	if all := strings.Split(expression, " AND "); len(all) > 1 {
		return !slices.ContainsFunc(all, func(t string) bool { return !c.holds(t, it) })
	}
	term := strings.TrimSpace(expression)
	for function, want := range map[string]bool{"attribute_not_exists(": false, "attribute_exists(": true} {
		if rest, ok := strings.CutPrefix(term, function); ok {
			_, there := it[c.name(strings.TrimSuffix(rest, ")"))]
			return there == want
		}
	}
	for _, operator := range []string{"<=", ">=", "<", ">", "="} {
		if left, right, ok := strings.Cut(term, operator); ok {
			have, there := it[c.name(left)]
			return there && compare(have, c.value(right), operator)
		}
	}
	panic("dynamo: expression " + expression)
}

func compare(a, b map[string]any, operator string) bool {
	order := 0
	x, isNumber := number(a)
	y, alsoNumber := number(b)
	s, isText := a["S"].(string)
	u, alsoText := b["S"].(string)
	switch {
	case isNumber && alsoNumber && x < y, isText && alsoText && s < u:
		order = -1
	case isNumber && alsoNumber && x > y, isText && alsoText && s > u:
		order = 1
	case !(isNumber && alsoNumber) && !(isText && alsoText):
		return false
	}
	switch operator {
	case "=":
		return order == 0
	case "<":
		return order < 0
	case ">":
		return order > 0
	case "<=":
		return order <= 0
	}
	return order >= 0
}

// pageItems is how many items a page of a query has: few, so that pages are many.
const pageItems = 7

func (d *dynamo) query(c dynamoCall) any {
	sort := "sk"
	if c.IndexName != "" {
		sort = "created"
	}
	var found []attributes
	for _, it := range d.items {
		if it[sort] != nil && c.holds(c.KeyConditionExpression, it) {
			found = append(found, it)
		}
	}
	slices.SortFunc(found, func(a, b attributes) int { return strings.Compare(text(a, sort), text(b, sort)) })
	back := c.ScanIndexForward != nil && !*c.ScanIndexForward
	if back {
		slices.Reverse(found)
	}
	if c.ExclusiveStartKey != nil {
		from := text(c.ExclusiveStartKey, sort)
		found = slices.DeleteFunc(found, func(it attributes) bool {
			if back {
				return text(it, sort) >= from
			}
			return text(it, sort) <= from
		})
	}
	limit := pageItems
	if c.Limit != nil {
		limit = *c.Limit
	}
	out := map[string]any{}
	if len(found) > limit {
		found = found[:limit]
		last := attributes{}
		for _, name := range []string{"pk", "sk", "owner", "created"} {
			if v, ok := found[limit-1][name]; ok && (c.IndexName != "" || name == "pk" || name == "sk") {
				last[name] = v
			}
		}
		out["LastEvaluatedKey"] = last
	}
	out["Items"], out["Count"] = found, len(found)
	return out
}

// rows is every item, in the order of the keys.
func (d *dynamo) rows() (all []attributes) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, key := range slices.Sorted(maps.Keys(d.items)) {
		all = append(all, d.items[key])
	}
	return all
}

// expire deletes what has outlived its ttl, as DynamoDB does within days.
func (d *dynamo) expire(now int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for key, it := range d.items {
		if ttl, ok := number(it["ttl"]); ok && ttl < float64(now) {
			delete(d.items, key)
		}
	}
}
