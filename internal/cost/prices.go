package cost

import "time"

// Price is one price, and where it is from. None of these is from AWS's own price list,
// which cannot be read here: ConfirmedBy says who has held it against that list since.
type Price struct {
	Name        string  `json:"name"`
	USD         float64 `json:"usd"`
	Per         string  `json:"per"`
	Read        string  `json:"read"` // month in which it was read
	Source      string  `json:"source"`
	ConfirmedBy string  `json:"confirmed_by,omitempty"` // empty: nobody
}

// Where the prices are from.
const (
	PricedAt = "November 2026"
	Region   = "us-east-1"
	Source   = "public price tables that agree with each other, not AWS's own list"
)

const (
	severalTables = "several public price tables"
	fromMemory    = "AWS's public pages as remembered, not read again"
)

// Prices are all that the model uses, in USD for us-east-1.
var Prices = []Price{
	{Name: "ml.g4dn.xlarge", USD: 0.7364, Per: "hour", Read: PricedAt, Source: severalTables},
	{Name: "ml.g6.xlarge", USD: 1.1267, Per: "hour", Read: PricedAt, Source: severalTables},
	{Name: "ml.g5.xlarge", USD: 1.408, Per: "hour", Read: PricedAt, Source: severalTables},
	{Name: "EC2 g4dn.xlarge", USD: 0.526, Per: "hour", Read: PricedAt, Source: severalTables},
	{Name: "EC2 g4dn.xlarge Spot", USD: 0.20, Per: "hour", Read: PricedAt, Source: "between 0.16 and 0.25, " + fromMemory},
	{Name: "Step Functions transition", USD: 0.000025, Per: "transition", Read: PricedAt, Source: severalTables},
	{Name: "Lambda arm64", USD: 0.0000133334, Per: "GB-second", Read: PricedAt, Source: severalTables},
	{Name: "Lambda request", USD: 0.0000002, Per: "request", Read: PricedAt, Source: severalTables},
	{Name: "DynamoDB read", USD: 0.000000125, Per: "read", Read: PricedAt, Source: severalTables},
	{Name: "requests of a job", USD: 0.0006, Per: "job", Read: PricedAt, Source: "DynamoDB, S3, SNS, API and logs of one job, counted by hand and rounded up"},
	{Name: "S3 Standard", USD: 0.023, Per: "GB-month", Read: PricedAt, Source: severalTables},
	{Name: "ECR", USD: 0.10, Per: "GB-month", Read: PricedAt, Source: severalTables},
	{Name: "Route 53 zone", USD: 0.50, Per: "month", Read: PricedAt, Source: severalTables},
	{Name: "CloudWatch alarm", USD: 0.10, Per: "month, after ten", Read: PricedAt, Source: fromMemory},
	{Name: "KMS key", USD: 1, Per: "month", Read: PricedAt, Source: severalTables},
	{Name: "WAF web ACL", USD: 5, Per: "month", Read: PricedAt, Source: severalTables},
	{Name: "WAF rule", USD: 1, Per: "month", Read: PricedAt, Source: severalTables},
}

// price is the price of a name in the table; tests read every name that is used.
func price(name string) float64 {
	for _, p := range Prices {
		if p.Name == name {
			return p.USD
		}
	}
	panic("cost: no price of " + name)
}

// Instance is a kind of SageMaker instance with one GPU.
type Instance struct {
	Type       string
	GPU        string
	USDPerHour float64
	Segment    time.Duration // of one CT, a guess: see Assumptions
}

// tiles is how many patches of 128³ the five networks of `total` see of a CT of 512×512×300
// voxels of 0.8×0.8×1.25 mm, and outside the seconds besides their forward passes on two
// processors. Both are measured (docs/benchmarks.md, "The model server").
const (
	tiles   = 135
	outside = 7.6
)

// Instances are those that are priced; the first is the template's. Their seconds a tile are
// guesses: nobody has run the model on one. A T4 of half a second lies between the
// throughput of its tensor cores at an eighth of their peak (a forward pass is 0.96 TFLOP,
// so 0.12 s) and a GTX 1650's 2 to 3 s (invesalius3 PR 1410).
var Instances = []Instance{
	{"ml.g4dn.xlarge", "T4", price("ml.g4dn.xlarge"), segment(0.5)},
	{"ml.g6.xlarge", "L4", price("ml.g6.xlarge"), segment(0.27)},
	{"ml.g5.xlarge", "A10G", price("ml.g5.xlarge"), segment(0.22)},
}

// segment is the time of one CT at so many seconds a tile.
func segment(tile float64) time.Duration {
	return time.Duration((tiles*tile + outside) * float64(time.Second)).Round(time.Second)
}

// Find is the instance of a type.
func Find(name string) (Instance, bool) {
	for _, i := range Instances {
		if i.Type == name {
			return i, true
		}
	}
	return Instance{}, false
}
