package byzantinetest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/byzantine-finance/byzantine-go/internal/errtext"
)

// Mail is an e-mail with a one-time code.
type Mail struct {
	OTPID     string    `json:"otpId"`
	Code      string    `json:"code"`
	AccountID string    `json:"accountId"`
	UserID    string    `json:"userId"`
	Email     string    `json:"email"`
	SentAt    time.Time `json:"sentAt"`
	ExpiresAt time.Time `json:"expiresAt"`
	// State says why the code is no longer valid: "used", "too many wrong attempts" or "expired". Empty while it is valid.
	State string `json:"state" about:"empty while the code is valid; else used, too many wrong attempts or expired"`
}

// MailFilter selects e-mails. An empty field selects all.
type MailFilter struct {
	OTPID  string
	UserID string
	Email  string // of the user, in any letter case
	After  string // an otpId: those that were sent later only
}

// Mailbox returns the e-mails that match, the newest first. They are forgotten an hour after their codes have expired.
func (s *Sandbox) Mailbox(filter MailFilter) []Mail {
	s.lock()
	defer s.unlock()
	return s.world.mails(filter)
}

// WaitForMail blocks until an e-mail matches, and returns the newest one. It fails when ctx ends, and at once if no later
// e-mail can match: if no code was sent with the filter's OTPID (an OTPID is known only after its code was sent), if that
// code does not match the rest of the filter, or if there is no user with the filter's UserID.
func (s *Sandbox) WaitForMail(ctx context.Context, filter MailFilter) (Mail, error) {
	for {
		s.lock()
		mails, sent, err := s.world.mails(filter), s.world.mailSent(), s.world.hopeless(filter)
		s.unlock()
		if len(mails) > 0 {
			return mails[0], nil
		}
		if err != nil {
			return Mail{}, errtext.In("byzantinetest: WaitForMail", err)
		}
		select {
		case <-sent:
		case <-ctx.Done():
			return Mail{}, errtext.In("byzantinetest: WaitForMail", ctx.Err())
		}
	}
}

// hopeless is why no code that is sent from now on can match a filter, if none has matched so far.
func (w *world) hopeless(filter MailFilter) error {
	if err := w.knownMail(filter.OTPID); err != nil {
		return err
	}
	switch {
	case filter.OTPID != "":
		return badRequest("otpId: the code of %s does not match the rest of the filter", filter.OTPID)
	case filter.UserID != "" && w.users.get(filter.UserID) == nil:
		return badRequest("userId: no user %s", filter.UserID)
	}
	return nil
}

// knownMail rejects an otpId that no code was sent with. The empty one stands for all.
func (w *world) knownMail(otpID string) error {
	if otpID != "" && w.otps.get(otpID) == nil {
		return badRequest("otpId: no code was sent with the id %s: init_otp returns it; codes are forgotten an hour after they have expired", otpID)
	}
	return nil
}

// mailSent is closed when the next code is sent, or when another world takes the place of this one.
func (w *world) mailSent() <-chan struct{} {
	if w.nextMail == nil {
		w.nextMail = make(chan struct{})
	}
	return w.nextMail
}

// mailCame lets those who wait for a code look again.
func (w *world) mailCame() {
	if w.nextMail != nil {
		close(w.nextMail)
		w.nextMail = nil
	}
}

func (w *world) mails(filter MailFilter) []Mail {
	now := w.clock.now()
	w.otps.purge(now)
	mails := []Mail{}
	for _, id := range slices.Backward(w.otps.keys) {
		if filter.After != "" && id == filter.After {
			break
		}
		o := w.otps.get(id)
		mail := Mail{o.id, o.code, o.accountID, o.userID, "", o.sent.UTC(), o.expires.UTC(), o.state(now)}
		if u := w.users.get(o.userID); u != nil {
			mail.Email = u.info.Email
		}
		if isOrAny(filter.OTPID, mail.OTPID) && isOrAny(filter.UserID, mail.UserID) &&
			(filter.Email == "" || strings.EqualFold(filter.Email, mail.Email)) {
			mails = append(mails, mail)
		}
	}
	return mails
}

// maxMailWait is how long one request can wait for a code.
const maxMailWait = time.Minute

type mailRequest struct {
	OTPID  string `query:"otpId" json:"-"`
	UserID string `query:"userId" json:"-"`
	Email  string `query:"email" json:"-"`
	After  string `query:"after" json:"-" about:"an otpId: later ones only"`
	Wait   span   `query:"wait" json:"-" about:"a duration such as 10s, in real time; longer than 1m is 1m"`
}

type mailList struct {
	Mails []Mail `json:"mails"` // the newest first
}

var mailboxControls = []control{
	route("getMailbox", "GET", "mailbox", "Mailbox", "The one-time codes that were sent, the newest first; with wait, up to a minute until there is one",
		func(ctx context.Context, s *Sandbox, req *mailRequest) (mailList, error) {
			if err := notNegative("wait", req.Wait); err != nil {
				return mailList{}, err
			}
			if strings.Contains(req.Email, " ") {
				return mailList{}, badRequest("email: an address has no blank: write + as %%2B, as a bare + is a blank in a query")
			}
			filter := MailFilter{req.OTPID, req.UserID, req.Email, req.After}
			if req.Wait > 0 {
				ctx, cancel := context.WithTimeout(ctx, min(time.Duration(req.Wait), maxMailWait))
				defer cancel()
				var mistake *rejection // when the time is over, what matters is what is there
				if _, err := s.WaitForMail(ctx, filter); errors.As(err, &mistake) {
					return mailList{}, mistake
				}
			}
			s.lock()
			defer s.unlock()
			return mailList{s.world.mails(filter)}, s.world.knownMail(filter.OTPID)
		}),
}
