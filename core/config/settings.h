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
    const char *folder; /* of the file that the line stands in: paths are relative to it */
    bool is_main_file;
    unsigned line_of[SETTINGS_MOST]; /* where each setting was written first; 0: not yet */
    const char *file_of[SETTINGS_MOST];
    struct relay_pattern relay_patterns[16];
    unsigned relay_pattern_count;
};

/* Puts the defaults in. */
void settings_defaults(struct settings_parse *p);

/* Whether the line has the form of a setting: NAME = …, or table NAME = … */
bool settings_is_line(const struct line *l);

/* Parses it; what is wrong is reported. */
void settings_parse_line(struct settings_parse *p, struct line *l);

/* What can be done only at the end: tables that nobody named a file for get the one beside MAIN_FOLDER's rule
 * file. */
void settings_finish(struct settings_parse *p, const char *main_folder);

/* PATH made absolute against FOLDER, in the arena; `p` is NULL when out of memory. */
bool settings_path_is_absolute(struct text path);
struct text settings_path(struct arena *arena, const char *folder, struct text path);

#endif
