/*
 * settings.h - the settings of the rule file: `name = value` (gatepost.conf(5), SETTINGS). One const table of
 * names and parsers.
 */
#ifndef GATEPOST_CONFIG_SETTINGS_H
#define GATEPOST_CONFIG_SETTINGS_H

#include "core/rules/builder.h"
#include "line.h"

enum { SETTINGS_MOST = 40 };

struct settings_parse {
    struct builder *builder;
    struct arena *arena;
    const char *folder; /* of the file that contains the line: paths are relative to it */
    bool is_main_file;
    unsigned line_of[SETTINGS_MOST]; /* where each setting was first set; 0: not yet */
    const char *file_of[SETTINGS_MOST];
    struct relay_pattern relay_patterns[16];
    unsigned relay_pattern_count;
};

/* Sets the defaults. */
void settings_defaults(struct settings_parse *p);

/* Returns whether the line has the form of a setting: NAME = …, or table NAME = … */
bool settings_is_line(const struct line *l);

/* Returns whether the line sets NAME, a setting that is no reply, and its value, which may be empty. Nothing is parsed or
 * reported. */
bool settings_line_sets(struct line *l, const char *name, struct text *value);

/* Parses it, and reports what is wrong. */
void settings_parse_line(struct settings_parse *p, struct line *l);

/* Finishes what must wait for the end: a table without a setting gets its file beside the rule file, in
 * MAIN_FOLDER. */
void settings_finish(struct settings_parse *p, const char *main_folder);

/* Makes PATH absolute against FOLDER, in the arena; `p` is NULL when out of memory. */
bool settings_path_is_absolute(struct text path);
struct text settings_path(struct arena *arena, const char *folder, struct text path);

#endif
