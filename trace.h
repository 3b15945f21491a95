/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Trace events of the transfer engine: what the DMA channel does, in order.
 *
 *	cd /sys/kernel/tracing; echo 1 > events/ced1401/enable; cat trace_pipe
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM ced1401

#if !defined(_CED1401_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _CED1401_TRACE_H

#include <linux/tracepoint.h>

#include "ced1401.h"

TRACE_EVENT(ced1401_request,
	    TP_PROTO(const struct ced_card *card, const struct ced_request *request),
	    TP_ARGS(card, request),
	    TP_STRUCT__entry(__field(int, card)
			     __field(bool, to_1401)
			     __field(u8, area)
			     __field(u32, offset)
			     __field(u32, size)),
	    TP_fast_assign(__entry->card = card->index;
			   __entry->to_1401 = request->to_1401;
			   __entry->area = request->area;
			   __entry->offset = request->offset;
			   __entry->size = request->size;),
	    TP_printk("card=%d %s area=%u offset=%u size=%u", __entry->card,
		      __entry->to_1401 ? "to-1401" : "to-host", __entry->area,
		      __entry->offset, __entry->size));

TRACE_EVENT(ced1401_piece_begin,
	    TP_PROTO(const struct ced_card *card, const struct ced_job *job),
	    TP_ARGS(card, job),
	    TP_STRUCT__entry(__field(int, card)
			     __field(u32, id)
			     __field(u32, at)
			     __field(u32, count)
			     __field(bool, bounce)),
	    TP_fast_assign(__entry->card = card->index;
			   __entry->id = job->transfer->id;
			   __entry->at = job->at;
			   __entry->count = job->piece.count;
			   __entry->bounce = job->piece.bounce;),
	    TP_printk("card=%d id=%u at=%u count=%u%s", __entry->card,
		      __entry->id, __entry->at, __entry->count,
		      __entry->bounce ? " bounce" : ""));

TRACE_EVENT(ced1401_piece_end,
	    TP_PROTO(const struct ced_card *card, const struct ced_job *job,
		     u32 moved, u8 status),
	    TP_ARGS(card, job, moved, status),
	    TP_STRUCT__entry(__field(int, card)
			     __field(u32, id)
			     __field(u32, moved)
			     __field(u8, status)),
	    TP_fast_assign(__entry->card = card->index;
			   __entry->id = job->transfer->id;
			   __entry->moved = moved;
			   __entry->status = status;),
	    TP_printk("card=%d id=%u moved=%u status=0x%02x", __entry->card,
		      __entry->id, __entry->moved, __entry->status));

TRACE_EVENT(ced1401_end,
	    TP_PROTO(const struct ced_transfer *transfer, int error),
	    TP_ARGS(transfer, error),
	    TP_STRUCT__entry(__field(int, card)
			     __field(u32, id)
			     __field(u64, bytes)
			     __field(int, error)),
	    TP_fast_assign(__entry->card = transfer->session->card->index;
			   __entry->id = transfer->id;
			   __entry->bytes = transfer->bytes;
			   __entry->error = error;),
	    TP_printk("card=%d id=%u bytes=%llu error=%d", __entry->card,
		      __entry->id, __entry->bytes, __entry->error));

#endif /* _CED1401_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
