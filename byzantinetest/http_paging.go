package byzantinetest

import (
	"slices"
	"time"

	"github.com/byzantine-finance/byzantine-go"
)

const (
	defaultPageLimit = 20
	maxPageLimit     = 100
)

// sortByUpdate sorts a list that is in the order of creation by the time of the last update; descending unless order
// says otherwise.
func sortByUpdate[T any](list []T, order byzantine.SortOrder, updated func(T) time.Time) {
	slices.SortStableFunc(list, func(x, y T) int { return updated(x).Compare(updated(y)) })
	if order != byzantine.Ascending {
		slices.Reverse(list)
	}
}

// pageOf cuts a page out of a list. It moves limit and offset into their ranges, as the API does, and returns what it
// applied. The page is never nil.
func pageOf[T any](list []T, limit, offset *int64) (page []T, effectiveLimit, effectiveOffset int64) {
	return pageWithin(list, limit, offset, defaultPageLimit, maxPageLimit)
}

// pageWithin is pageOf for a list with other limits than most.
func pageWithin[T any](list []T, limit, offset *int64, defaultLimit, maxLimit int64) (page []T, effectiveLimit, effectiveOffset int64) {
	effectiveLimit = defaultLimit
	if limit != nil {
		effectiveLimit = min(max(*limit, 1), maxLimit)
	}
	if offset != nil {
		effectiveOffset = max(*offset, 0)
	}
	start := min(effectiveOffset, int64(len(list)))
	end := min(start+effectiveLimit, int64(len(list)))
	return append([]T{}, list[start:end]...), effectiveLimit, effectiveOffset
}
