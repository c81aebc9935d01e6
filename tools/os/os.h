/*
 * os.h - what the command needs from the operating system beyond core/os.h: its streams, files that are being
 * written, folders. Only os/posix.c and os/win32.c, with tcp_posix.c and tcp_win32.c, differ between systems.
 */
#ifndef GATEPOST_TOOLS_OS_OS_H
#define GATEPOST_TOOLS_OS_OS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Called once, before anything is read or written: standard input and output pass bytes unchanged. */
void os_begin(void);

/* Returns whether standard error is a terminal. */
bool os_has_terminal(void);

/* Lets seconds go by. */
void os_wait(int64_t seconds);

/* Makes a new file for writing and reading; PATH ends in XXXXXX, which is replaced by a unique name. Returns
 * 0 or errno. */
int os_create_file(char *path, intptr_t *file);

/* Each does all of it and returns 0, or an errno value; EIO at the end of the file. */
int os_write_at(intptr_t file, uint64_t at, const void *bytes, size_t n);
int os_read_at(intptr_t file, uint64_t at, void *bytes, size_t n);

/* Brings the file to the disk, with the owner and mode of the file at PATH that it will replace. A new file
 * may be read by everybody, as far as the umask allows, because the MTA is another user. Returns 0 or errno. */
int os_settle_file(intptr_t file, const char *path);

/* 0 or errno. */
int os_close_file(intptr_t file);

/* Brings the new name of the file to the disk. Not every file system can; the file is safe without. */
void os_settle_name(const char *path);

/* From now on, if the command is interrupted, it removes the file PATH before it ends; NULL cancels this. */
void os_guard_file(char *path);

enum os_kind { OS_FILE, OS_FOLDER, OS_OTHER };

/* Gets the kind of file at PATH. A link counts as the file that it leads to; as a folder only with `follow`.
 * Returns 0 or errno. */
int os_file_kind(const char *path, bool follow, enum os_kind *out);

/* Makes a private temporary folder and writes its path. Returns 0 or errno. */
int os_make_tempdir(char *path, size_t cap);

/* Removes an empty folder. */
void os_remove_folder(const char *path);

#endif
