#include "worker/winner_file.h"

#include <stdio.h>
#include <string.h>
#include "common/store/store_job.h"
#include "common/store/store_open.h"
#include "worker/checkpoint.h"

/* Takes the name of the file to pieces: DATABASE.d/winners/IDENTITY-EPOCH.params. */
static int read_name(struct winner_file *w, struct err *e)
{
	static const char folder[] = ".d/winners";
	const char *slash = strrchr(w->file, '/');
	size_t length = slash ? (size_t)(slash - w->file) : 0;
	size_t tail = sizeof(folder) - 1;
	int end = 0;

	if (length > tail && !strncmp(slash - tail, folder, tail) &&
		sscanf(slash + 1, "%63[0-9a-f]-%9d.params%n", w->identity, &w->epoch,
			&end) == 2 &&
		end && !slash[1 + end] && w->epoch > 0) {
		w->db = arena_strndup(w->a, w->file, length - tail);
		return OK;
	}
	return err_set(e, ERR_DATA,
		"not a winner's file, DATABASE.d/winners/IDENTITY-EPOCH.params");
}

static int load_job(struct winner_file *w, struct err *e)
{
	struct store s;
	int64_t id;
	int rc = store_open(&s, w->db, STORE_READER, e);

	if (rc)
		return rc;
	rc = store_int(&s, STMT_JOB_OF_IDENTITY, ARGS(TEXT(w->identity)), -1, &id, e);
	if (!rc && id < 0)
		rc = err_set(e, ERR_DATA,
			"%s holds no run that has parameters of this name", w->db);
	if (!rc)
		rc = store_job_params(&s, id, &w->params, w->a, e);
	store_close(&s);
	return rc;
}

int winner_file_find(
	struct winner_file *w, const char *file, struct arena *a, struct err *e)
{
	int rc;

	w->file = file;
	w->a = a;
	rc = read_name(w, e);
	if (!rc)
		rc = load_job(w, e);
	return rc ? rc : dataset_shape(&w->params, a, &w->data, e);
}

int winner_file_build(struct winner_file *w, struct err *e)
{
	return train_new(&w->train, &w->params, &w->data, w->a, e);
}

int winner_file_load(struct winner_file *w, struct err *e)
{
	struct checkpoint c;
	int epoch;
	int rc = checkpoint_init(&c, w->db, w->identity, train_kernel_class(),
		train_result_size(w->train), w->a, e);

	if (!rc)
		rc = checkpoint_for_result(&c, w->db, w->epoch, e);
	if (!rc)
		rc = checkpoint_read(&c, &epoch, e);
	if (rc)
		return rc;
	if (epoch != w->epoch)
		return err_set(e, ERR_DATA, "%s: holds the parameters of epoch %d",
			w->file, epoch);
	rc = train_result_load(w->train, checkpoint_state(&c), c.state_size, e);
	return rc ? err_wrap(e, "%s", w->file) : OK;
}
