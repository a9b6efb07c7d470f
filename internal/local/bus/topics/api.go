package topics

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/google/uuid"
)

const namespace = "http://sns.amazonaws.com/doc/2010-03-31/"

// maxBody bounds a request; form encoding may triple a message.
const maxBody = 1 << 20

// ServeHTTP is SNS's Query API: Publish, ListTopics, GetTopicAttributes,
// ListSubscriptionsByTopic.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	requestID := uuid.NewString()
	w.Header().Set("Content-Type", "text/xml")
	w.Header().Set("X-Amzn-Requestid", requestID)
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := r.ParseForm(); err != nil {
		fail(w, requestID, fmt.Errorf("read request: %w", ErrInvalid))
		return
	}
	action := r.Form.Get("Action")
	result, err := s.perform(r.Context(), action, r.Form)
	if err != nil {
		fail(w, requestID, err)
		return
	}
	write(w, http.StatusOK, response{
		XMLName: xml.Name{Local: action + "Response"}, Namespace: namespace, Result: result, RequestID: requestID,
	})
}

// response is the envelope of every answer.
type response struct {
	XMLName   xml.Name
	Namespace string `xml:"xmlns,attr"`
	Result    any
	RequestID string `xml:"ResponseMetadata>RequestId"`
}

type publishResult struct {
	XMLName   xml.Name `xml:"PublishResult"`
	MessageID string   `xml:"MessageId"`
}

type topicsResult struct {
	XMLName xml.Name      `xml:"ListTopicsResult"`
	Members []topicMember `xml:"Topics>member"`
}

type topicMember struct{ TopicArn string }

type attributesResult struct {
	XMLName xml.Name    `xml:"GetTopicAttributesResult"`
	Entries []attribute `xml:"Attributes>entry"`
}

type attribute struct {
	Key   string `xml:"key"`
	Value string `xml:"value"`
}

type subscriptionsResult struct {
	XMLName xml.Name             `xml:"ListSubscriptionsByTopicResult"`
	Members []subscriptionMember `xml:"Subscriptions>member"`
}

type subscriptionMember struct {
	TopicArn, Protocol, SubscriptionArn, Owner, Endpoint string
}

// errUnknownAction is an action that this API lacks.
var errUnknownAction = errors.New("this operation is not supported on one machine")

func (s *Service) perform(ctx context.Context, action string, form url.Values) (any, error) {
	topic := form.Get("TopicArn")
	switch action {
	case "Publish":
		if topic == "" {
			topic = form.Get("TargetArn")
		}
		id, err := s.publish(ctx, topic, form.Get("Subject"), form.Get("Message"))
		return publishResult{MessageID: id}, err
	case "ListTopics":
		var out topicsResult
		for _, arn := range s.arns() {
			out.Members = append(out.Members, topicMember{arn})
		}
		return out, nil
	case "GetTopicAttributes", "ListSubscriptionsByTopic":
		s.mu.Lock()
		list, there := s.topics[topic]
		s.mu.Unlock()
		if !there {
			return nil, fmt.Errorf("describe topic: %w", ErrNoTopic)
		}
		if action == "GetTopicAttributes" {
			return attributesResult{Entries: []attribute{{"TopicArn", topic}, {"SubscriptionsConfirmed", fmt.Sprint(len(list))}}}, nil
		}
		result := subscriptionsResult{}
		for _, sub := range list {
			result.Members = append(result.Members, subscriptionMember{TopicArn: topic, Protocol: "lambda", SubscriptionArn: sub.ARN, Endpoint: sub.Function})
		}
		return result, nil
	}
	return nil, errUnknownAction
}

func (s *Service) arns() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var arns []string
	for arn := range s.topics {
		arns = append(arns, arn)
	}
	slices.Sort(arns)
	return arns
}

func fail(w http.ResponseWriter, requestID string, err error) {
	code, kind, status := "InternalError", "Receiver", http.StatusInternalServerError
	switch {
	case errors.Is(err, ErrNoTopic):
		code, kind, status = "NotFound", "Sender", http.StatusNotFound
	case errors.Is(err, ErrInvalid):
		code, kind, status = "InvalidParameter", "Sender", http.StatusBadRequest
	case errors.Is(err, errUnknownAction):
		code, kind, status = "InvalidAction", "Sender", http.StatusBadRequest
	}
	write(w, status, struct {
		XMLName   xml.Name `xml:"ErrorResponse"`
		Namespace string   `xml:"xmlns,attr"`
		Type      string   `xml:"Error>Type"`
		Code      string   `xml:"Error>Code"`
		Message   string   `xml:"Error>Message"`
		RequestID string   `xml:"RequestId"`
	}{Namespace: namespace, Type: kind, Code: code, Message: err.Error(), RequestID: requestID})
}

func write(w http.ResponseWriter, status int, body any) {
	w.WriteHeader(status)
	_ = xml.NewEncoder(w).Encode(body)
}
