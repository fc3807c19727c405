package byzantinetest

const (
	defaultPageLimit = 20
	maxPageLimit     = 100
)

// bounded moves limit and offset into their ranges, as the API does, and returns what is applied.
func bounded(limit, offset *int64, defaultLimit, maxLimit int64) (effectiveLimit, effectiveOffset int64) {
	effectiveLimit = defaultLimit
	if limit != nil {
		effectiveLimit = min(max(*limit, 1), maxLimit)
	}
	if offset != nil {
		effectiveOffset = max(*offset, 0)
	}
	return effectiveLimit, effectiveOffset
}

// pageWithin cuts a page out of a list. The page is never nil.
func pageWithin[T any](list []T, limit, offset *int64, defaultLimit, maxLimit int64) (page []T, effectiveLimit, effectiveOffset int64) {
	effectiveLimit, effectiveOffset = bounded(limit, offset, defaultLimit, maxLimit)
	start := min(effectiveOffset, int64(len(list)))
	end := min(start+effectiveLimit, int64(len(list)))
	return append([]T{}, list[start:end]...), effectiveLimit, effectiveOffset
}
