package topics

// event is what a subscribed function receives; field names and order are SNS's.
type event struct {
	Records []record `json:"Records"`
}

type record struct {
	EventSource          string `json:"EventSource"`
	EventVersion         string `json:"EventVersion"`
	EventSubscriptionArn string `json:"EventSubscriptionArn"`
	Sns                  entity `json:"Sns"`
}

type entity struct {
	Type              string         `json:"Type"`
	MessageID         string         `json:"MessageId"`
	TopicArn          string         `json:"TopicArn"`
	Subject           *string        `json:"Subject"` // null without one
	Message           string         `json:"Message"`
	Timestamp         string         `json:"Timestamp"`
	SignatureVersion  string         `json:"SignatureVersion"`
	Signature         string         `json:"Signature"`
	SigningCertURL    string         `json:"SigningCertUrl"`
	UnsubscribeURL    string         `json:"UnsubscribeUrl"`
	MessageAttributes map[string]any `json:"MessageAttributes"`
}

// event shapes one message. Nothing is signed on one machine, and a function
// that is invoked directly has nothing to verify.
func (s *Service) event(topicARN, subscriptionARN, messageID, subject, message string) event {
	e := entity{
		Type: "Notification", MessageID: messageID, TopicArn: topicARN, Message: message,
		Timestamp:        s.config.Clock.Now().UTC().Format("2006-01-02T15:04:05.000Z"),
		SignatureVersion: "1", Signature: "EXAMPLE", SigningCertURL: "EXAMPLE", UnsubscribeURL: "EXAMPLE",
		MessageAttributes: map[string]any{},
	}
	if subject != "" {
		e.Subject = &subject
	}
	return event{[]record{{"aws:sns", "1.0", subscriptionARN, e}}}
}
