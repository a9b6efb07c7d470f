package server

import "github.com/versity/versitygw/auth"

// oneAccount is versitygw's single-account mode, with AWS's answer to a key
// that is not ours (InvalidAccessKeyId).
type oneAccount struct {
	auth.IAMService
	root auth.Account
}

func newAccount(id, secret string) oneAccount {
	root := auth.Account{Access: id, Secret: secret, Role: auth.RoleAdmin}
	return oneAccount{IAMService: auth.NewIAMServiceSingle(root), root: root}
}

func (a oneAccount) GetUserAccount(access string) (auth.Account, error) {
	if access != a.root.Access {
		return auth.Account{}, auth.ErrNoSuchUser
	}
	return a.root, nil
}
