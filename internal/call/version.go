package call

// version is the version of this module. Tags, the requires of the nested modules, the npm package and the changelog have
// to name the same: scripts/release checks that.
const version = "0.2.0"

// UserAgent names this module and its version in the User-Agent header.
const UserAgent = "byzantine-go/" + version
