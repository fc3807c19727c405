# What a release needs: see docs/releasing.md.

# Each released module can be fetched by somebody outside, alone, at the version that the tree names.
step modules 3 modules_outside
modules_outside() {
	programs git:git
	(cd tools && go test ./release)
	scripts/release -only version -only modules
}
