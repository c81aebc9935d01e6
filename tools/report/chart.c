#include "chart.h"

#include "tools/analyze/log_time.h"
#include "tools/lib/output.h"

#include <stdbool.h>

enum { DAY = 86400, LEFT = 54, RIGHT = 8, TOP = 8, BOTTOM = 26, LINES = 4 };

struct frame {
    double left, top, width, height; /* of the plot */
    uint64_t most;                   /* the value at its upper edge */
};

void chart_number(FILE *f, uint64_t value)
{
    char digits[32];
    int n = snprintf(digits, sizeof digits, "%llu", (unsigned long long)value);
    for (int i = 0; i < n; i++) {
        putc(digits[i], f);
        if ((n - i) % 3 == 1 && i + 1 < n)
            putc(',', f);
    }
}

void chart_time(FILE *f, int64_t time, int64_t step)
{
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    char text[40];
    struct writer w = writer_on(text, sizeof text);
    log_time_format(&w, time); /* 2003-07-24 01:11:45 */
    unsigned month = (unsigned)(text[5] - '0') * 10 + (unsigned)(text[6] - '0'),
             day = (unsigned)(text[8] - '0') * 10 + (unsigned)(text[9] - '0');
    fprintf(f, "%u %s %.4s", day, months[(month + 11) % 12], text);
    if (step < DAY)
        fprintf(f, " %.5s", text + 11);
}

static uint64_t sum_of(const struct chart *c, size_t bar)
{
    uint64_t sum = 0;
    for (size_t k = 0; k < c->series; k++)
        sum += c->values[bar][k];
    return sum;
}

/* The least number that is not less than VALUE, and whose LINES-th part is easy to read: 1, 15, 20, 25, 30, 400, … */
static uint64_t round_up(uint64_t value)
{
    static const unsigned tenths[] = {10, 15, 20, 25, 30, 40, 50, 60, 80};
    for (uint64_t ten = 1;; ten *= 10)
        for (size_t i = 0; i < sizeof tenths / sizeof *tenths; i++)
            if (ten * tenths[i] / 10 * LINES >= value)
                return ten * tenths[i] / 10 * LINES;
}

/* Opens the picture: the frame, the lines with their numbers, the times below. */
static struct frame begin(FILE *f, const struct chart *c, unsigned width)
{
    const unsigned height = width == CHART_WIDE ? 260 : 200;
    struct frame r = {.left = LEFT, .top = TOP, .width = width - LEFT - RIGHT, .height = height - TOP - BOTTOM};
    uint64_t most = 0;
    for (size_t i = 0; i < c->bars; i++)
        most = sum_of(c, i) > most ? sum_of(c, i) : most;
    r.most = round_up(most ? most : 1);
    output_html(f, "<svg class=\"%s\" viewBox=\"0 0 %u %u\" role=\"img\" aria-label=\"%s\">\n",
                width == CHART_WIDE ? "wide" : "narrow", width, height, c->title);
    for (unsigned i = 0; i <= LINES; i++) {
        double y = r.top + r.height * (LINES - i) / LINES;
        fprintf(f,
                "<line class=\"grid\" x1=\"%.0f\" x2=\"%.0f\" y1=\"%.1f\" y2=\"%.1f\"/><text class=\"y\" "
                "x=\"%.0f\" y=\"%.1f\">",
                r.left, r.left + r.width, y, y, r.left - 6, y + 4);
        chart_number(f, r.most * i / LINES);
        fputs("</text>\n", f);
    }
    /* As many times as fit; the last one must not leave the picture. */
    size_t labels = width / 115, every = (c->bars + labels - 1) / labels;
    int64_t apart = (int64_t)every * c->step;
    if (apart > DAY && apart % DAY && DAY % c->step == 0) {
        every = (size_t)((apart / DAY + 1) * (DAY / c->step)); /* at the beginnings of days */
        apart = DAY;
    }
    for (size_t i = 0; every && i < c->bars; i += every) {
        double x = r.left + r.width * (double)i / (double)c->bars;
        bool last = x > r.left + r.width - 100;
        fprintf(f, "<text class=\"x\" text-anchor=\"%s\" x=\"%.1f\" y=\"%.0f\">", last ? "end" : "start",
                last ? r.left + r.width : x, r.top + r.height + 18);
        chart_time(f, c->start + (int64_t)i * c->step, apart);
        fputs("</text>\n", f);
    }
    return r;
}

/* What the pointer is told: the time and each number that is not 0. */
static void put_title(FILE *f, const struct chart *c, size_t bar)
{
    fputs("<title>", f);
    chart_time(f, c->start + (int64_t)bar * c->step, c->step);
    for (size_t k = 0; k < c->series; k++)
        if (c->values[bar][k] || c->series == 1) {
            output_html(f, "\n%s: ", c->names[k]);
            chart_number(f, c->values[bar][k]);
        }
    fputs("</title>", f);
}

void chart_bars(FILE *f, const struct chart *c, unsigned width)
{
    struct frame r = begin(f, c, width);
    double slot = r.width / (double)(c->bars ? c->bars : 1), bar = slot > 3 ? slot * 0.82 : slot;
    for (size_t i = 0; i < c->bars; i++) {
        double y = r.top + r.height, x = r.left + slot * (double)i + (slot - bar) / 2;
        if (!sum_of(c, i))
            continue;
        fputs("<g class=\"bar\">", f);
        put_title(f, c, i);
        for (size_t k = 0; k < c->series; k++) {
            double h = r.height * (double)c->values[i][k] / (double)r.most;
            if (!c->values[i][k])
                continue;
            y -= h;
            fprintf(f, "<rect class=\"s%zu\" x=\"%.1f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\"/>", k, x, y,
                    bar, h);
        }
        fputs("</g>\n", f);
    }
    fputs("</svg>\n", f);
}

void chart_area(FILE *f, const struct chart *c, unsigned width)
{
    struct frame r = begin(f, c, width);
    double slot = r.width / (double)(c->bars ? c->bars : 1), bottom = r.top + r.height;
    fprintf(f, "<path class=\"area\" d=\"M%.1f %.1f", r.left, bottom);
    for (size_t i = 0; i < c->bars; i++) {
        double y = bottom - r.height * (double)c->values[i][0] / (double)r.most;
        fprintf(f, "L%.1f %.2fL%.1f %.2f", r.left + slot * (double)i, y, r.left + slot * (double)(i + 1), y);
    }
    fprintf(f, "L%.1f %.1fZ\"/>\n", r.left + r.width, bottom);
    for (size_t i = 0; i < c->bars; i++) {
        fprintf(f, "<rect class=\"feel\" x=\"%.1f\" y=\"%.0f\" width=\"%.2f\" height=\"%.0f\">",
                r.left + slot * (double)i, r.top, slot, r.height);
        put_title(f, c, i);
        fputs("</rect>\n", f);
    }
    fputs("</svg>\n", f);
}

void chart_cell(FILE *f, uint64_t value, uint64_t most, unsigned series)
{
    fprintf(f,
            "<svg class=\"cell\" viewBox=\"0 0 100 8\" preserveAspectRatio=\"none\" aria-hidden=\"true\">"
            "<rect class=\"s%u\" width=\"%.1f\" height=\"8\"/></svg>",
            series, most ? 100.0 * (double)value / (double)most : 0.0);
}
