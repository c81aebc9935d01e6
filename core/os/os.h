/*
 * os.h - what the engine needs from the operating system: mapped files and their identity, replacing a file,
 * locks, random bytes, time, loading plugins.
 *
 * Only the files *_posix.c and *_win32*.c beside this one include a system header. Functions that can fail
 * return 0 or an errno value; os_reason() puts it into words. Nothing here exits or touches a signal. Only
 * os_lock() waits, for a limited time; and on Windows, opening a file that is just being replaced takes some
 * milliseconds.
 */
#ifndef GATEPOST_OS_OS_H
#define GATEPOST_OS_OS_H

#include "core/base/text.h"

/* What distinguishes one state of a file from another. It has a fixed width and no holes, because it is
 * stored in files and compared as bytes. All zero means that the file does not exist. */
struct file_id {
    uint64_t device;
    uint64_t inode;
    uint64_t size;
    int64_t mtime_ns;
    int64_t ctime_ns;
};

/* Gets the identity of the file at PATH, links followed. Returns 0, or an errno value (then *OUT is all
 * zero). */
int os_file_id(const char *path, struct file_id *out);

static inline bool file_id_eq(const struct file_id *a, const struct file_id *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

/* A whole file in memory, read only. An empty file has size 0 and a pointer that must not be read. */
struct file_map {
    const unsigned char *p;
    size_t size;
    struct file_id id;
    void *memory; /* not NULL: the bytes are a private copy */
    bool ours;    /* it belongs to root or to the user of this process, and no other user may write it */
};

/* Maps the regular file at PATH. With `ahead` the pages are read at once. Returns 0, or an errno value:
 * ENOENT, EACCES, EFBIG for a file that does not fit into memory, EINVAL if it is not a regular file, … */
int os_map(const char *path, bool ahead, struct file_map *out);

/* The same, but a file that is not `ours` is read into private memory: who may write it cannot change what is being read, or
 * make the reader fault by cutting it short. */
int os_map_ours(const char *path, bool ahead, struct file_map *out);
void os_unmap(struct file_map *map);

/* Reads a whole file into malloc()ed memory, for files that people edit in place: cutting a mapped file
 * short kills the reader. Returns 0, or an errno value; EFBIG if it is longer than CEILING. The caller frees
 * *BYTES. */
int os_read(const char *path, size_t ceiling, char **bytes, size_t *size, struct file_id *id);

/* Replaces the file at PATH by N bytes: they are written to a new file beside it with mode 0640, which is
 * then renamed over it, so that a reader sees the old file or the new one. If root does it, the new file
 * gets the owner and group of the folder. Returns 0 or errno; on failure no file is left behind. */
int os_replace(const char *path, const void *bytes, size_t n);

/* Goes on copying the mapped file FROM to PATH: PIECE bytes a call at most, so that no caller waits for the whole. What is
 * done so far lies in PATH.part; one caller of all processes adds to it at a time, and where one was killed the next goes
 * on. Returns 0 when the copy is whole and in its place, with the modification time of FROM; EAGAIN if more is to do, here
 * or by another process; or an errno value. */
int os_copy_on(const char *path, const struct file_map *from, size_t piece);

/* Removes what processes that were killed left beside PATH while they wrote it, if it is at least SECONDS old. */
void os_sweep(const char *path, unsigned seconds);

/* A file in memory that processes share: when one stores there, the others see it. */
struct shared_map {
    unsigned char *p;
    size_t size;
    struct file_id id;
};

/* Maps the regular file at PATH, which must not be a symbolic link: root's command writes where another user
 * may place files. Without `write`, a store into it is a fault. An empty file has no memory. Returns 0, or
 * an errno value: ENOENT; EACCES, EROFS and the like if it may not be written; ELOOP for a link; EINVAL if
 * it is not a file. */
int os_share(const char *path, bool write, struct shared_map *out);
void os_unshare(struct shared_map *map);

/* Makes a file of SIZE bytes that begins with the N bytes of HEAD, the rest zero. All of it is allocated
 * now, so that no later store can find the disk full. It has the owner, the group and the mode of its
 * folder, without execution and without access for others, whoever makes it. It appears under its name when
 * it is complete, and never replaces another file: EEXIST. Returns 0 or errno; on failure no file is left
 * behind. */
int os_make(const char *path, uint64_t size, const void *head, size_t n);

/* Renames a file, replacing a file that has the new name. Returns 0 or errno. */
int os_rename(const char *from, const char *to);

/* Removes a file. Returns 0 or errno. */
int os_remove(const char *path);

struct os_lock {
    intptr_t handle;
};

/* Locks the file at PATH against every other process and thread; makes it if there is none. It is opened
 * each time, because a descriptor inherited over fork does not exclude a sibling. Returns 0; EAGAIN if
 * another process held the lock for WAIT_MS milliseconds; or errno. A lock is free when its holder dies. */
int os_lock(const char *path, unsigned wait_ms, struct os_lock *out);
void os_unlock(struct os_lock *lock);

/* Writes N bytes (256 at most) that nobody can guess. Returns 0 or errno. */
int os_random(void *out, size_t n);

/* Makes PATH absolute: PATH itself if it is absolute, else the working directory and PATH. Returns 0 or
 * errno. */
int os_absolute(const char *path, char *out, size_t cap);

/* Returns how many bytes of PATH name its folder, with the separator after it; 0 if it is a bare name. */
size_t os_folder_size(const char *path);

/* Writes the default path of the rule file, absolute, to OUT. Returns 0 or errno. */
int os_default_config(char *out, size_t cap);

/* The default of the state directory: absolute, or relative to the rule file. */
const char *os_default_state_dir(void);

/* Seconds since 1970 UTC; milliseconds of a clock that never goes back; the id of this process. */
int64_t os_clock(void);
int64_t os_ticks_ms(void);
uint64_t os_process(void);

/* Writes one line to the system's log, facility mail. Used if the host has no log function. */
void os_log(const char *line);

/* Returns whether a failure with this errno value may be temporary: no memory, no descriptor left, … */
bool os_may_pass(int error);

/* Writes the meaning of an errno value, NUL-terminated, to OUT. Returns OUT. */
const char *os_reason(int error, char *out, size_t cap);

/* The ending of a shared object's name on this system: ".so". */
extern const char *const os_plugin_suffix;

/* Loads the shared object at the absolute PATH, permanently, and looks up its function SYMBOL. Its own code
 * runs. Returns 1 with *FUNCTION; 0 if it is loaded but has no such function; -1 if it cannot be loaded:
 * then REASON says why. (plugin_posix.c, plugin_win32.c) */
int os_plugin(const char *path, const char *symbol, void (**function)(void), char *reason, size_t cap);

/* Writes the folder of the installed plugins to OUT; empty if it is not known. */
void os_plugin_home(char *out, size_t cap);

struct os_mutex;

/* NULL when out of memory. */
struct os_mutex *os_mutex_new(void);
void os_mutex_lock(struct os_mutex *m);
void os_mutex_unlock(struct os_mutex *m);
void os_mutex_free(struct os_mutex *m);

#endif
