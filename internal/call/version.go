package call

// version is the version of this module. Tags, the requirements of the nested modules, the npm package and the
// changelog must have the same one: scripts/release checks that.
const version = "0.2.0"

// UserAgent is the part of the User-Agent header that names this module and its version.
const UserAgent = "byzantine-go/" + version
