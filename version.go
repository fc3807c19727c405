package byzantine

// version is the version of this module, as it stands in the User-Agent header. Tags, the requires of the nested modules,
// the npm package and the changelog have to name the same: scripts/release checks that.
const version = "0.2.0"
