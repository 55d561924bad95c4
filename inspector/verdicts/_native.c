/* Measures and encodes a class bitmask in one walk, without the interpreter lock.

   The walk goes row by row and sees only the pixels where the value changes. From them come the run lengths of the encoded mask
   (inspector/protocol/masks.py) and, for each class, the runs of its pixels. A run that touches runs of the row above, also at a
   corner, gets their label, and labels that it connects are joined (union-find; Rosenfeld and Pfaltz, "Sequential operations in digital
   picture processing", JACM 1966). After the walk the runs, of which there are far fewer than pixels, are added up to regions with
   area and box; centroid and smallest rectangle are worked out for the listed regions only.

   inspector/verdicts/native.py calls it and says what it returns; inspector/verdicts/numpy_pass.py gives the same with numpy. */

#define PY_SSIZE_T_CLEAN
#ifndef Py_LIMITED_API
#define Py_LIMITED_API 0x030A0000
#endif
#include <Python.h>

#include <math.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { CLASSES = 8, LARGEST_SIDE = 65535, BLOCK = 64 };

/* Pixels x to last of one row that belong to one class. */
typedef struct {
    uint16_t x, last;
    int32_t label;
} Run;

typedef struct {
    uint32_t area;
    uint16_t left, right, top, bottom; /* columns and rows of the box, all inside */
    uint8_t class_index;
} Region;

/* What is reported of a listed region. */
typedef struct {
    int32_t class_index, x, y, width, height;
    uint32_t area;
    double centre_x, centre_y, length_px, width_px, area_mm2, length_mm, width_mm;
} Listed;

typedef struct {
    double x, y;
} Point;

/* How a lens bends; see engines/scale.py. */
enum { STRAIGHT, RADIAL, ACROSS };

typedef struct {
    int kind;
    double centre_x, centre_y, reach, k1, k2;
} Lens;

/* Memory that grows, and that the next call uses again: giving it back and asking for it anew costs more than the walk. */
typedef struct {
    void *memory;
    size_t bytes;
} Buffer;

typedef struct {
    Buffer row_runs, first_runs, first_labels, runs, parents, regions, encoded, found, listed, points, extents, outline;
} Scratch;

typedef struct {
    const uint8_t *mask;
    int32_t height, width;
    int classes;
    int64_t minimum_area[CLASSES];
    int64_t most_listed;
    double mm_x, mm_y; /* 0: no scale */
    Lens lens;

    Scratch *scratch;
    Run *runs; /* row by row, in a row class by class, in a class in the order of their columns */
    int32_t runs_count;
    int32_t *first_runs, *first_labels; /* of each row and class: [height * classes + 1] */
    int32_t *parents; /* of each label: itself, or an earlier label of the same region; after the walk the number of its region */
    int32_t labels_count;
    Region *regions; /* in the order of their first pixels, within a class */
    int32_t regions_count;
    uint32_t *encoded; /* pairs of length and value */
    size_t encoded_count;
    int64_t pixels[CLASSES];
    unsigned values; /* every bit that is set anywhere */
    int32_t *found; /* regions of at least the minimum area; the first listed_count are listed */
    int32_t found_count, listed_count;
    Listed *listed;
} Pass;

/* Memory. */

/* The memory of ``buffer``, of at least ``bytes``; NULL where there is none. */
static void *room(Buffer *buffer, size_t bytes) {
    if (bytes > buffer->bytes || buffer->memory == NULL) {
        size_t wanted = bytes > 2 * buffer->bytes ? bytes : 2 * buffer->bytes;
        void *larger = realloc(buffer->memory, wanted ? wanted : 1);
        if (larger == NULL)
            return NULL;
        buffer->memory = larger;
        buffer->bytes = wanted;
    }
    return buffer->memory;
}

static const size_t most_kept = 32 << 20;
static _Atomic(Scratch *) spare;

static void release(Scratch *scratch) {
    Buffer *buffers = (Buffer *)scratch;
    for (size_t at = 0; scratch != NULL && at < sizeof *scratch / sizeof *buffers; at++)
        free(buffers[at].memory);
    free(scratch);
}

static Scratch *take_scratch(void) {
    Scratch *kept = atomic_exchange(&spare, NULL);
    return kept != NULL ? kept : calloc(1, sizeof *kept);
}

/* Keep the memory of one call, unless a mask of noise made it very large. */
static void give_back(Scratch *scratch) {
    const Buffer *buffers = (const Buffer *)scratch;
    size_t bytes = 0;
    for (size_t at = 0; at < sizeof *scratch / sizeof *buffers; at++)
        bytes += buffers[at].bytes;
    release(bytes > most_kept ? scratch : atomic_exchange(&spare, scratch));
}

/* The walk: runs of the encoded mask and of each class. */

typedef struct {
    uint64_t start; /* first pixel of the run of the encoded mask, in row-major order */
    unsigned value; /* of the pixel before */
    int32_t began[CLASSES]; /* column where the run of a class began */
    int32_t count[CLASSES];
    Run *runs[CLASSES]; /* of the current row */
} Walk;

static inline uint64_t eight_at(const uint8_t *pixels) {
    uint64_t eight;
    memcpy(&eight, pixels, sizeof eight);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    eight = __builtin_bswap64(eight);
#endif
    return eight;
}

static inline uint64_t repeated(unsigned value) {
    return value * UINT64_C(0x0101010101010101);
}

/* Whether all of the 64 pixels have the value. */
static inline int all_have(const uint8_t *pixels, unsigned value) {
    uint64_t all = repeated(value), other = 0;
    for (int at = 0; at < BLOCK; at += 8)
        other |= eight_at(pixels + at) ^ all;
    return other == 0;
}

/* Bit n is set where pixel n of the 64 differs from the one before it; ``value`` is that of the pixel before the first. */
static inline uint64_t changes_in(const uint8_t *pixels, unsigned value) {
    const uint64_t low = repeated(0x7f), high = repeated(0x80);
    uint64_t changes = 0;
    for (int at = 0; at < BLOCK; at += 8) {
        uint64_t eight = eight_at(pixels + at), differs = eight ^ (eight << 8 | value);
        uint64_t set = (((differs & low) + low) | differs) & high;
        changes |= ((set >> 7) * UINT64_C(0x0102040810204080) >> 56) << at;
        value = (unsigned)(eight >> 56);
    }
    return changes;
}

static inline void end_runs(Walk *walk, unsigned ended, int32_t end) {
    for (; ended; ended &= ended - 1) {
        int k = __builtin_ctz(ended);
        walk->runs[k][walk->count[k]++] = (Run){(uint16_t)walk->began[k], (uint16_t)(end - 1), 0};
    }
}

static inline void begin_runs(Walk *walk, unsigned begun, int32_t x) {
    for (; begun; begun &= begun - 1)
        walk->began[__builtin_ctz(begun)] = x;
}

static inline void encode_run(Pass *pass, Walk *walk, uint64_t end) {
    pass->encoded[pass->encoded_count] = (uint32_t)(end - walk->start);
    pass->encoded[pass->encoded_count + 1] = walk->value;
    pass->encoded_count += 2;
    walk->start = end;
}

/* Pixel x has another value than the one before it, which may be the last one of the row above. */
static inline void change(Pass *pass, Walk *walk, uint64_t row_start, int32_t x, unsigned value) {
    unsigned classes = (1u << pass->classes) - 1;
    if (x) {
        end_runs(walk, walk->value & ~value & classes, x);
        begin_runs(walk, value & ~walk->value & classes, x);
    }
    if (row_start + (uint64_t)x)
        encode_run(pass, walk, row_start + (uint64_t)x);
    pass->values |= value;
    walk->value = value;
}

static void walk_row(Pass *pass, Walk *walk, int32_t y) {
    uint64_t row_start = (uint64_t)y * (uint64_t)pass->width;
    const uint8_t *row = pass->mask + row_start;
    int32_t width = pass->width, x = 0;
    unsigned classes = (1u << pass->classes) - 1;
    begin_runs(walk, row[0] & classes, 0);
    for (; x + BLOCK <= width; x += BLOCK) {
        if (all_have(row + x, walk->value))
            continue;
        for (uint64_t changes = changes_in(row + x, walk->value); changes; changes &= changes - 1) {
            int32_t at = x + __builtin_ctzll(changes);
            change(pass, walk, row_start, at, row[at]);
        }
    }
    for (; x < width; x++)
        if (row[x] != walk->value)
            change(pass, walk, row_start, x, row[x]);
    end_runs(walk, walk->value & classes, width);
}

/* Labels. */

static inline int32_t root_of(int32_t *parents, int32_t label) {
    while (parents[label] != label) {
        parents[label] = parents[parents[label]];
        label = parents[label];
    }
    return label;
}

/* Joins the regions of two labels, of which the first is a root; the earlier root stays, so that a region's number follows its first pixel. */
static inline int32_t join(int32_t *parents, int32_t one, int32_t other) {
    other = root_of(parents, other);
    if (one < other)
        parents[other] = one;
    else
        parents[one] = other;
    return one < other ? one : other;
}

/* Gives each run of a row the label of the runs above that it touches, or a new one. */
static void label_runs(Pass *pass, const Run *above, const Run *above_end, Run *run, const Run *run_end) {
    int32_t *parents = pass->parents, labels = pass->labels_count;
    for (; run < run_end; run++) {
        int32_t x = run->x, last = run->last;
        while (above < above_end && above->last + 1 < x)
            above++;
        if (above == above_end || above->x > last + 1) {
            parents[labels] = labels;
            run->label = labels++;
            continue;
        }
        int32_t label = root_of(parents, above->label);
        /* The last run above that this one touches may touch the next one too. */
        while (above + 1 < above_end && above[1].x <= last + 1)
            label = join(parents, label, (++above)->label);
        run->label = label;
    }
    pass->labels_count = labels;
}

static int walk_mask(Pass *pass) {
    Scratch *scratch = pass->scratch;
    size_t width = (size_t)pass->width, classes = (size_t)pass->classes, row_room = width / 2 + 1;
    Walk walk = {0};
    Run *row_runs = room(&scratch->row_runs, classes * row_room * sizeof *row_runs);
    pass->first_runs = room(&scratch->first_runs, ((size_t)pass->height * classes + 1) * sizeof *pass->first_runs);
    pass->first_labels = room(&scratch->first_labels, ((size_t)pass->height * classes + 1) * sizeof *pass->first_labels);
    if (row_runs == NULL || pass->first_runs == NULL || pass->first_labels == NULL)
        return 0;
    for (size_t k = 0; k < classes; k++)
        walk.runs[k] = row_runs + k * row_room;
    walk.value = pass->mask[0];
    pass->values = walk.value;
    for (int32_t y = 0; y < pass->height; y++) {
        pass->encoded = room(&scratch->encoded, (pass->encoded_count + 2 * width + 2) * sizeof *pass->encoded);
        if (pass->encoded == NULL)
            return 0;
        walk_row(pass, &walk, y);
        size_t found = 0;
        for (size_t k = 0; k < classes; k++)
            found += (size_t)walk.count[k];
        if ((size_t)pass->runs_count + found > INT32_MAX)
            return 0;
        pass->runs = room(&scratch->runs, ((size_t)pass->runs_count + found) * sizeof *pass->runs);
        pass->parents = room(&scratch->parents, ((size_t)pass->labels_count + found) * sizeof *pass->parents);
        if (pass->runs == NULL || pass->parents == NULL)
            return 0;
        for (size_t k = 0; k < classes; k++) {
            int32_t *first = pass->first_runs + (size_t)y * classes + k, begin = *first = pass->runs_count;
            pass->first_labels[(size_t)y * classes + k] = pass->labels_count;
            size_t count = (size_t)walk.count[k];
            if (count == 0)
                continue;
            memcpy(pass->runs + begin, walk.runs[k], count * sizeof *pass->runs);
            pass->runs_count += (int32_t)count;
            walk.count[k] = 0;
            const Run *above = pass->runs, *above_end = pass->runs;
            if (y > 0) {
                above += first[-(ptrdiff_t)classes];
                above_end += first[1 - (ptrdiff_t)classes];
            }
            label_runs(pass, above, above_end, pass->runs + begin, pass->runs + begin + count);
        }
    }
    pass->first_runs[(size_t)pass->height * classes] = pass->runs_count;
    pass->first_labels[(size_t)pass->height * classes] = pass->labels_count;
    if (pass->values) /* else no pixel is set: no bytes */
        encode_run(pass, &walk, (uint64_t)pass->height * width);
    return 1;
}

/* Regions. */

/* Numbers the regions and gives each label the number of its region: a label's parent is an earlier label, which has its number by then. */
static void number_regions(Pass *pass) {
    int32_t *parents = pass->parents, count = 0, label = 0;
    Region *regions = pass->regions;
    const int32_t *end = pass->first_labels + 1;
    for (int32_t y = 0; y < pass->height; y++)
        for (int k = 0; k < pass->classes; k++, end++)
            for (; label < *end; label++) {
                int begins = parents[label] == label;
                int32_t known = parents[parents[label]];
                regions[count] = (Region){.left = UINT16_MAX, .top = (uint16_t)y, .class_index = (uint8_t)k};
                parents[label] = begins ? count : known;
                count += begins;
            }
    pass->regions_count = count;
}

static int add_up(Pass *pass) {
    Region *regions = room(&pass->scratch->regions, ((size_t)pass->labels_count + 1) * sizeof *regions);
    if (regions == NULL)
        return 0;
    pass->regions = regions;
    number_regions(pass);
    const int32_t *parents = pass->parents, *end = pass->first_runs + pass->classes;
    const Run *run = pass->runs;
    for (int32_t y = 0; y < pass->height; y++, end += pass->classes)
        for (const Run *row_end = pass->runs + *end; run < row_end; run++) {
            Region *region = &regions[parents[run->label]];
            region->area += (uint32_t)(run->last - run->x + 1);
            region->left = run->x < region->left ? run->x : region->left;
            region->right = run->last > region->right ? run->last : region->right;
            region->bottom = (uint16_t)y;
        }
    for (int32_t region = 0; region < pass->regions_count; region++)
        pass->pixels[regions[region].class_index] += regions[region].area;
    return 1;
}

/* Which regions are listed: the largest; among equals class by class, and within a class in the order of their first pixels. */

static inline int before(const Region *regions, int32_t one, int32_t other) {
    if (regions[one].area != regions[other].area)
        return regions[one].area > regions[other].area;
    if (regions[one].class_index != regions[other].class_index)
        return regions[one].class_index < regions[other].class_index;
    return one < other;
}

/* Restores the order of a heap whose top comes last of all in the list. */
static void sift_down(const Region *regions, int32_t *heap, int32_t count, int32_t at) {
    for (;;) {
        int32_t child = 2 * at + 1;
        if (child >= count)
            return;
        if (child + 1 < count && before(regions, heap[child], heap[child + 1]))
            child++;
        if (!before(regions, heap[at], heap[child]))
            return;
        int32_t moved = heap[at];
        heap[at] = heap[child];
        heap[child] = moved;
        at = child;
    }
}

static int choose(Pass *pass) {
    const Region *regions = pass->regions;
    int32_t *found = room(&pass->scratch->found, ((size_t)pass->regions_count + 1) * sizeof *found), count = 0;
    if (found == NULL)
        return 0;
    for (int32_t region = 0; region < pass->regions_count; region++)
        if ((int64_t)regions[region].area >= pass->minimum_area[regions[region].class_index])
            found[count++] = region;
    pass->found = found;
    pass->found_count = count;
    int32_t listed = pass->listed_count = count < pass->most_listed ? count : (int32_t)pass->most_listed;
    for (int32_t at = listed / 2 - 1; at >= 0; at--)
        sift_down(regions, found, listed, at);
    for (int32_t other = listed; listed && other < count; other++)
        if (before(regions, found[other], found[0])) {
            int32_t moved = found[0];
            found[0] = found[other];
            found[other] = moved;
            sift_down(regions, found, listed, 0);
        }
    for (int32_t left = listed - 1; left > 0; left--) {
        int32_t moved = found[0];
        found[0] = found[left];
        found[left] = moved;
        sift_down(regions, found, left, 0);
    }
    return 1;
}

/* Figures of a listed region. */

/* Six significant digits, rounded like Python's format(value, ".6g"). */
static double six_digits(double value) {
    static const double powers[] = {1,    1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    if (!(value > 0) || isinf(value))
        return value;
    int decimals = 5 - (int)floor(log10(value));
    if (decimals > 22 || decimals < -22)
        return value;
    double power = powers[abs(decimals)];
    double scaled = decimals >= 0 ? value * power : value / power;
    double whole = floor(scaled), part = scaled - whole;
    if (part == 0.5) { /* which side of the middle the value itself is on, before it was scaled */
        double off = decimals >= 0 ? fma(value, power, -scaled) : fma(-scaled, power, value);
        part += off > 0 ? 0.25 : off < 0 ? -0.25 : 0;
    }
    /* Not fmod: a module built with glibc 2.38 or later would then need one. */
    if (part > 0.5 || (part == 0.5 && ((int64_t)whole & 1)))
        whole += 1;
    return decimals >= 0 ? whole / power : whole * power;
}

static double cross(Point a, Point b, Point c) {
    return (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
}

/* Adds a corner to a chain of the hull; corners at which the chain would not be convex are removed. */
static int32_t add_corner(Point *chain, int32_t count, Point corner) {
    while (count >= 2 && cross(chain[count - 2], chain[count - 1], corner) >= 0)
        count--;
    chain[count] = corner;
    return count + 1;
}

/* Convex hull of the pixels' squares from the outermost columns of each row, relative to the box's corner; returns the number of corners.
   The corners of a level between two rows are those of the wider row, so each level adds one corner on either side. */
static int32_t hull_of(const int32_t *lefts, const int32_t *ends, int32_t rows, Point *hull) {
    int32_t count = 0;
    for (int32_t level = 0; level <= rows; level++) {
        int32_t x = level < rows ? lefts[level] : INT32_MAX;
        if (level > 0 && lefts[level - 1] < x)
            x = lefts[level - 1];
        count = add_corner(hull, count, (Point){x, level});
    }
    Point *back = hull + count;
    int32_t back_count = 0;
    for (int32_t level = rows; level >= 0; level--) {
        int32_t x = level < rows ? ends[level] : 0;
        if (level > 0 && ends[level - 1] > x)
            x = ends[level - 1];
        back_count = add_corner(back, back_count, (Point){x, level});
    }
    return count + back_count;
}

/* Longer and shorter side of the smallest rectangle around a convex polygon, by rotating calipers (Toussaint, "Solving geometric
   problems with the rotating calipers", IEEE MELECON 1983): one of its sides lies on an edge of the polygon. */
static void smallest_rectangle(const Point *hull, int32_t count, double *longer, double *shorter) {
    double smallest = INFINITY;
    int32_t front = 0, far = 0, rear = 0;
    for (int32_t i = 0; i < count; i++) {
        Point from = hull[i], to = hull[(i + 1) % count];
        double dx = to.x - from.x, dy = to.y - from.y;
#define ALONG(k) (hull[(k) % count].x * dx + hull[(k) % count].y * dy)
#define ACROSS(k) (hull[(k) % count].y * dx - hull[(k) % count].x * dy)
        if (i == 0) {
            for (int32_t k = 1; k < count; k++) {
                front = ALONG(k) > ALONG(front) ? k : front;
                rear = ALONG(k) < ALONG(rear) ? k : rear;
                far = fabs(ACROSS(k) - ACROSS(0)) > fabs(ACROSS(far) - ACROSS(0)) ? k : far;
            }
        } else {
            for (int32_t k = 0; k < count && ALONG(front + 1) > ALONG(front); k++)
                front = (front + 1) % count;
            for (int32_t k = 0; k < count && ALONG(rear + 1) < ALONG(rear); k++)
                rear = (rear + 1) % count;
            for (int32_t k = 0; k < count && fabs(ACROSS(far + 1) - ACROSS(i)) > fabs(ACROSS(far) - ACROSS(i)); k++)
                far = (far + 1) % count;
        }
        double squared = dx * dx + dy * dy;
        double along = ALONG(front) - ALONG(rear), across = fabs(ACROSS(far) - ACROSS(i));
#undef ALONG
#undef ACROSS
        if (along * across / squared < smallest) {
            smallest = along * across / squared;
            double root = sqrt(squared);
            *longer = (along > across ? along : across) / root;
            *shorter = (along > across ? across : along) / root;
        }
    }
    *longer = six_digits(*longer);
    *shorter = six_digits(*shorter);
}

/* Squared distance from the centre, in units of the reach. */
static double squared_distance(const Lens *lens, double x, double y) {
    double dx = (x - lens->centre_x) / lens->reach, dy = (y - lens->centre_y) / lens->reach;
    return lens->kind == ACROSS ? dx * dx : dx * dx + dy * dy;
}

/* Where a point that is seen at x, y belongs. */
static Point corrected(const Lens *lens, double x, double y) {
    double q = squared_distance(lens, x, y), factor = 1 + q * (lens->k1 + lens->k2 * q);
    return (Point){lens->centre_x + (x - lens->centre_x) * factor,
                   lens->kind == ACROSS ? y : lens->centre_y + (y - lens->centre_y) * factor};
}

/* By how much an area at x, y grows when it is corrected. */
static double area_growth(const Lens *lens, double x, double y) {
    double q = squared_distance(lens, x, y), outward = 1 + q * (3 * lens->k1 + 5 * lens->k2 * q);
    return lens->kind == ACROSS ? outward : outward * (1 + q * (lens->k1 + lens->k2 * q));
}

/* Corrected area of the pixels x to last of a row, by Gauss's rule of three points. */
static double corrected_run(const Lens *lens, int32_t x, int32_t last, int32_t y) {
    double half = (last - x + 1) / 2.0, middle = (x + last) / 2.0, away = half * sqrt(0.6);
    return half * (5 * area_growth(lens, middle - away, y) + 8 * area_growth(lens, middle, y) + 5 * area_growth(lens, middle + away, y)) / 9;
}

static int by_place(const void *one, const void *other) {
    const Point *a = one, *b = other;
    if (a->x != b->x)
        return a->x < b->x ? -1 : 1;
    return (a->y > b->y) - (a->y < b->y);
}

/* Convex hull of any points, which are sorted; ``hull`` has room for twice as many, which numbers that are none need (Andrew, "Another efficient algorithm for
   convex hulls in two dimensions", Information Processing Letters 1979). */
static int32_t hull_of_points(Point *points, int32_t count, Point *hull) {
    int32_t corners = 0;
    qsort(points, (size_t)count, sizeof *points, by_place);
    for (int32_t at = 0; at < count; at++) {
        while (corners >= 2 && cross(hull[corners - 2], hull[corners - 1], points[at]) <= 0)
            corners--;
        hull[corners++] = points[at];
    }
    for (int32_t at = count - 2, lower = corners + 1; at >= 0; at--) {
        while (corners >= lower && cross(hull[corners - 2], hull[corners - 1], points[at]) <= 0)
            corners--;
        hull[corners++] = points[at];
    }
    return corners > 1 ? corners - 1 : corners; /* the first one is there again as the last */
}

/* The most points of an outline: the corners of the outermost pixels of each row and of each column. */
static size_t outline_room(const Pass *pass) {
    return 4 * ((size_t)pass->height + (size_t)pass->width);
}

typedef struct {
    int32_t *lefts, *ends; /* of each row of the box: first column, and the one after the last */
    int32_t *tops, *bottoms; /* of each column: first row, and the one after the last; only behind a lens */
} Extents;

/* Adds a corner of a pixel, where it belongs, mm. The middle of the first pixel is (0, 0), its corner half a pixel before. */
static Point *add_corrected(const Pass *pass, Point *outline, int32_t x, int32_t y) {
    Point right = corrected(&pass->lens, x - 0.5, y - 0.5);
    *outline = (Point){right.x * pass->mm_x, right.y * pass->mm_y};
    return outline + 1;
}

/* Hull of a region where it belongs. That of the region as it is seen would not do: what is straight on the sheet is seen bent, and the
   hull of a bent scratch is wide. ``outline`` has room for three outlines. Returns the number of corners, which begin after its first third. */
static int32_t corrected_hull(const Pass *pass, const Region *region, const Extents *extents, Point *outline) {
    Point *end = outline;
    for (int32_t y = region->top; y <= region->bottom; y++)
        for (int corner = 0; corner < 2; corner++) {
            end = add_corrected(pass, end, region->left + extents->lefts[y - region->top], y + corner);
            end = add_corrected(pass, end, region->left + extents->ends[y - region->top], y + corner);
        }
    for (int32_t x = region->left; x <= region->right; x++)
        for (int corner = 0; corner < 2; corner++) {
            end = add_corrected(pass, end, x + corner, region->top + extents->tops[x - region->left]);
            end = add_corrected(pass, end, x + corner, region->top + extents->bottoms[x - region->left]);
        }
    return hull_of_points(outline, (int32_t)(end - outline), outline + outline_room(pass));
}

static void describe(const Pass *pass, int32_t number, Point *points, int32_t *memory, Point *outline, Listed *listed) {
    const Region *region = &pass->regions[number];
    int32_t rows = region->bottom - region->top + 1, columns = region->right - region->left + 1;
    Extents extents = {memory, memory + rows, memory + 2 * rows, memory + 2 * rows + columns};
    if (pass->lens.kind)
        for (int32_t column = 0; column < columns; column++)
            extents.tops[column] = INT32_MAX;
    int64_t doubled_x = 0, sum_y = 0;
    double area = region->area, sheet_area = pass->lens.kind ? 0 : area;
    for (int32_t row = 0; row < rows; row++) {
        size_t of_class = (size_t)(region->top + row) * (size_t)pass->classes + region->class_index;
        const Run *run = pass->runs + pass->first_runs[of_class], *end = pass->runs + pass->first_runs[of_class + 1];
        extents.lefts[row] = INT32_MAX;
        extents.ends[row] = 0;
        for (; run < end && run->x <= region->right; run++) {
            if (run->x < region->left || pass->parents[run->label] != number)
                continue;
            int64_t length = run->last - run->x + 1;
            doubled_x += length * (run->x + run->last);
            sum_y += length * (region->top + row);
            int32_t first = run->x - region->left;
            extents.lefts[row] = first < extents.lefts[row] ? first : extents.lefts[row];
            extents.ends[row] = run->last + 1 - region->left;
            if (!pass->lens.kind)
                continue;
            sheet_area += corrected_run(&pass->lens, run->x, run->last, region->top + row);
            for (int32_t column = first; column <= run->last - region->left; column++) {
                extents.tops[column] = row < extents.tops[column] ? row : extents.tops[column];
                extents.bottoms[column] = row + 1;
            }
        }
    }
    *listed = (Listed){.class_index = region->class_index, .x = region->left, .y = region->top, .width = columns,
                       .height = rows, .area = region->area};
    listed->centre_x = six_digits((double)doubled_x / 2 / area);
    listed->centre_y = six_digits((double)sum_y / area);
    int32_t corners = hull_of(extents.lefts, extents.ends, rows, points);
    smallest_rectangle(points, corners, &listed->length_px, &listed->width_px);
    if (pass->mm_x > 0) {
        if (pass->lens.kind) {
            corners = corrected_hull(pass, region, &extents, outline);
            points = outline + outline_room(pass);
        } else
            for (int32_t corner = 0; corner < corners; corner++) {
                points[corner].x *= pass->mm_x;
                points[corner].y *= pass->mm_y;
            }
        /* Not a multiple of the px figures: where x and y differ, another rectangle may be the smallest. */
        smallest_rectangle(points, corners, &listed->length_mm, &listed->width_mm);
        listed->area_mm2 = six_digits(sheet_area * pass->mm_x * pass->mm_y);
    }
}

static int describe_listed(Pass *pass) {
    Scratch *scratch = pass->scratch;
    size_t height = (size_t)pass->height;
    Point *points = room(&scratch->points, 2 * (height + 1) * sizeof *points);
    int32_t *extents = room(&scratch->extents, 2 * (height + (size_t)pass->width) * sizeof *extents);
    pass->listed = room(&scratch->listed, ((size_t)pass->listed_count + 1) * sizeof *pass->listed);
    Point *outline = room(&scratch->outline, pass->lens.kind ? 3 * outline_room(pass) * sizeof *outline : 0);
    if (points == NULL || extents == NULL || outline == NULL || pass->listed == NULL)
        return 0;
    for (int32_t at = 0; at < pass->listed_count; at++)
        describe(pass, pass->found[at], points, extents, outline, &pass->listed[at]);
    return 1;
}

/* What Python sees. */

static PyObject *listed_tuple(const Pass *pass) {
    PyObject *all = PyTuple_New(pass->listed_count);
    for (int32_t at = 0; all != NULL && at < pass->listed_count; at++) {
        const Listed *one = &pass->listed[at];
        PyObject *figures;
        if (pass->mm_x > 0)
            figures = Py_BuildValue("(iI(iiii)(dd)ddddd)", one->class_index, one->area, one->x, one->y, one->width,
                                    one->height, one->centre_x, one->centre_y, one->length_px, one->width_px,
                                    one->area_mm2, one->length_mm, one->width_mm);
        else
            figures = Py_BuildValue("(iI(iiii)(dd)ddOOO)", one->class_index, one->area, one->x, one->y, one->width,
                                    one->height, one->centre_x, one->centre_y, one->length_px, one->width_px, Py_None,
                                    Py_None, Py_None);
        if (figures == NULL || PyTuple_SetItem(all, at, figures) < 0)
            Py_CLEAR(all);
    }
    return all;
}

/* Of the regions that are not listed: all areas (uint32), then all widths and all heights of boxes (uint16), then all classes (uint8). */
static PyObject *unlisted_bytes(const Pass *pass) {
    Py_ssize_t count = pass->found_count - pass->listed_count;
    PyObject *bytes = PyBytes_FromStringAndSize(NULL, 9 * count);
    if (bytes == NULL)
        return NULL;
    char *areas = PyBytes_AsString(bytes), *widths = areas + 4 * count, *heights = widths + 2 * count;
    char *classes = heights + 2 * count;
    for (Py_ssize_t at = 0; at < count; at++) {
        const Region *region = &pass->regions[pass->found[pass->listed_count + at]];
        uint16_t width = (uint16_t)(region->right - region->left + 1);
        uint16_t height = (uint16_t)(region->bottom - region->top + 1);
        memcpy(areas + 4 * at, &region->area, 4);
        memcpy(widths + 2 * at, &width, 2);
        memcpy(heights + 2 * at, &height, 2);
        classes[at] = (char)region->class_index;
    }
    return bytes;
}

static PyObject *encoded_bytes(const Pass *pass) {
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    for (size_t at = 0; at < pass->encoded_count; at++)
        pass->encoded[at] = __builtin_bswap32(pass->encoded[at]);
#endif
    return PyBytes_FromStringAndSize((const char *)pass->encoded, (Py_ssize_t)(pass->encoded_count * sizeof(uint32_t)));
}

static int read_minimum_areas(PyObject *areas, Pass *pass) {
    Py_ssize_t classes = PyTuple_Size(areas);
    if (classes < 1 || classes > CLASSES) {
        if (!PyErr_Occurred())
            PyErr_Format(PyExc_ValueError, "%zd minimum areas; expected 1..8", classes);
        return 0;
    }
    pass->classes = (int)classes;
    for (Py_ssize_t k = 0; k < classes; k++) {
        pass->minimum_area[k] = PyLong_AsLongLong(PyTuple_GetItem(areas, k));
        if (PyErr_Occurred())
            return 0;
    }
    return 1;
}

static PyObject *pixels_tuple(const Pass *pass) {
    PyObject *pixels = PyTuple_New(pass->classes);
    for (int k = 0; pixels != NULL && k < pass->classes; k++) {
        PyObject *count = PyLong_FromLongLong(pass->pixels[k]);
        if (count == NULL || PyTuple_SetItem(pixels, k, count) < 0)
            Py_CLEAR(pixels);
    }
    return pixels;
}

static PyObject *result_of(Pass *pass) {
    PyObject *pixels = pixels_tuple(pass), *listed = listed_tuple(pass), *unlisted = unlisted_bytes(pass);
    PyObject *encoded = encoded_bytes(pass), *result = NULL;
    if (pixels != NULL && listed != NULL && unlisted != NULL && encoded != NULL)
        result = Py_BuildValue("(IOOOO)", pass->values, pixels, listed, unlisted, encoded);
    Py_XDECREF(pixels);
    Py_XDECREF(listed);
    Py_XDECREF(unlisted);
    Py_XDECREF(encoded);
    return result;
}

PyDoc_STRVAR(measure_doc,
             "measure(address, height, width, minimum_areas, most_listed, mm_per_px_x, mm_per_px_y,\n"
             "        lens=0, centre_x=0, centre_y=0, reach=0, k1=0, k2=0)\n\n"
             "Measure the mask at ``address`` (uint8 [height, width], C-contiguous); see inspector.verdicts.native.");

static PyObject *measure(PyObject *module, PyObject *args) {
    (void)module;
    Pass pass = {0};
    unsigned long long address;
    long long height, width, most_listed;
    PyObject *areas;
    if (!PyArg_ParseTuple(args, "KLLO!Ldd|iddddd", &address, &height, &width, &PyTuple_Type, &areas, &most_listed, &pass.mm_x, &pass.mm_y,
                          &pass.lens.kind, &pass.lens.centre_x, &pass.lens.centre_y, &pass.lens.reach, &pass.lens.k1, &pass.lens.k2) ||
        !read_minimum_areas(areas, &pass))
        return NULL;
    if (address == 0 || height < 1 || width < 1 || height > LARGEST_SIDE || width > LARGEST_SIDE ||
        height * width > INT32_MAX || most_listed < 0) {
        PyErr_SetString(PyExc_ValueError, "no mask, a mask of no or too many pixels, or a negative number of defects");
        return NULL;
    }
    if (pass.lens.kind < STRAIGHT || pass.lens.kind > ACROSS || (pass.lens.kind && !(pass.lens.reach > 0))) {
        PyErr_SetString(PyExc_ValueError, "no lens of a mask: expected 0, 1 (radial) or 2 (across) and its reach");
        return NULL;
    }
    pass.mask = (const uint8_t *)(uintptr_t)address;
    pass.height = (int32_t)height;
    pass.width = (int32_t)width;
    pass.most_listed = most_listed;
    pass.scratch = take_scratch();
    if (pass.scratch == NULL)
        return PyErr_NoMemory();
    int done;
    Py_BEGIN_ALLOW_THREADS
    done = walk_mask(&pass) && add_up(&pass) && choose(&pass) && describe_listed(&pass);
    Py_END_ALLOW_THREADS
    PyObject *result = done ? result_of(&pass) : PyErr_NoMemory();
    give_back(pass.scratch);
    return result;
}

static PyMethodDef methods[] = {{"measure", measure, METH_VARARGS, measure_doc}, {NULL, NULL, 0, NULL}};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, .m_name = "_native", .m_doc = "The compiled measuring pass.", .m_methods = methods};

PyMODINIT_FUNC PyInit__native(void) {
    return PyModuleDef_Init(&definition);
}
