// Package codes is the one list of the codes that people meet: in the answers of the
// API, as the error or the warning of a job, and at the beginning of a line of iris. In:
// a code. Out: what happened and what to do. docs/errors.md is made of it, and a test
// holds it against the sources, in both directions.
package codes

// Where is the place where a code is met. A code may be met in several.
type Where uint8

// The places.
const (
	Request Where = 1 << iota // the API refused a request
	Scan                      // the job ended rejected: its scan or its options are at fault
	Job                       // the job failed, was cancelled or expired
	Warning                   // the job is ready, with a doubt
	Command                   // iris on one's own machine
	Glimpse                   // the job runs without a first look
)

// Code is an entry of the list.
type Code struct {
	Name   string
	Where  Where
	Status []int  // of HTTP, of a Request
	What   string // what happened, as a sentence
	Do     string // what a person should do, as a sentence
}

// Find is the entry of a code; false for what is no code.
func Find(name string) (Code, bool) {
	for _, c := range All {
		if c.Name == name {
			return c, true
		}
	}
	return Code{}, false
}

// All are the codes, by name.
var All = []Code{
	{"address_taken", Command, nil, "Another program listens on the address.", "Choose another address or any free port (`--http 127.0.0.1:0`)."},
	{"air_beside_lung", Warning, nil, "Air beside the lungs was found that may be lung or not.", "Look at check.png where the message says."},
	{"archive_too_large", Scan, nil, "The archive holds more than is accepted, or unpacks to far more than it should.", "Send the one series that is meant, as a folder or an archive of its own."},
	{"archives_inside", Warning, nil, "The upload holds archives inside archives or folders, which were not opened.", "If slices are in them, unpack them and send all slices together."},
	{"aws_credentials", Command, nil, "The API wants a token or signed requests, and no credentials were found.", "Set IRIS_TOKEN, or AWS credentials (AWS_PROFILE, `aws configure`)."},
	{"bad_affine", Scan, nil, "The file does not say in a usable way where the voxels lie in space.", "A scan: convert the original DICOM again, for example with dcm2niix. A label map: save it again with the geometry of its scan, in the program that made it."},
	{"bad_archive", Scan, nil, "The archive is damaged, or of a form that is not read.", "Pack the files again as .zip or .tar.gz, without encryption."},
	{"bad_auth", Command, nil, "It is not clear whom the HTTP API is to answer.", "Give --auth jwt with --issuer, or neither."},
	{"bad_cursor", Request, []int{400}, "The cursor is not one that this service gave for this list.", "Start again without a cursor, and take each next as it is."},
	{"bad_dims", Scan, nil, "The file's numbers of voxels cannot be those of a scan.", "Export the scan again; send one volume with three axes."},
	{"bad_geometry", Scan, nil, "The slices do not lie as those of one volume do.", "Send the slices of one series, as the scanner stored them."},
	{"bad_gzip", Scan, nil, "The compressed file is damaged.", "Compress or download it again; compare its size with the original's."},
	{"bad_header", Scan, nil, "The file's header contradicts itself.", "Export the scan again with another program."},
	{"bad_id", Command, nil, "This is no job's id.", "`iris list` shows the ids."},
	{"bad_issuer", Command, nil, "The issuer of tokens is not one.", "Give its address as its discovery document has it, with https."},
	{"bad_labels", Scan, nil, "The voxels are not labels, which are whole numbers from 0.", "Send a label map for task=labels, or leave the task out for a scan."},
	{"bad_labels_table", Scan | Command, nil, "The table of names cannot be read, or there are several.", "Correct the line that the message names, or leave one table; docs/options.md shows the forms."},
	{"bad_ledger", Command, nil, "The ledger of a cohort cannot be used.", "Name another one with --ledger; jobs of the last day are found again without it."},
	{"bad_linger", Command, nil, "The time for which the GPU stays awake is not one.", "Give whole seconds, at most 1h."},
	{"bad_magic", Scan, nil, "The file is not of the kind that its header says.", "Export the scan again as NIfTI or DICOM."},
	{"bad_manifest", Command, nil, "The manifest of a cohort cannot be read.", "Correct the line that the message names: `iris cohort --help` describes the columns."},
	{"bad_model", Command, nil, "There is no model of this name.", "Choose tissue, totalsegmentator or none."},
	{"bad_name", Command, nil, "Windows makes no file of this name, or another one.", "Choose a name without the signs that the message names."},
	{"bad_option", Request | Scan | Command, []int{400}, "An option is not known, its value cannot be, or it does not go with another one or with this deployment.", "docs/options.md lists the options; the message names the one that is meant."},
	{"bad_parts", Request, []int{400}, "The parts do not make the upload.", "List every part's number and ETag in order; POST …/parts without numbers says which are there."},
	{"bad_pixel_length", Scan, nil, "A slice holds fewer or more bytes of pixels than its header says.", "Export the series again."},
	{"bad_profile", Command, nil, "There is no such profile, or it is of another service.", "`iris login --profile NAME --api URL` makes one."},
	{"bad_query", Request, []int{400}, "A parameter of the address is not known, or its value cannot be.", "/openapi.json lists the parameters of each address."},
	{"bad_request", Request, []int{400}, "The request's body, query or header is not what /openapi.json describes.", "Correct what the message names."},
	{"bad_size", Command, nil, "The size of the sample is too small.", "Give 32 or more."},
	{"bitpix_mismatch", Warning, nil, "The file says two different sizes of a voxel; the datatype was believed.", "Compare the model with the scan."},
	{"blank_slices", Warning, nil, "Slices within the scan hold one value only.", "Send the series again from where it was stored: their pixels were lost."},
	{"bone_or_contrast", Warning, nil, "Bone and contrast medium could not be told apart everywhere.", "Look at check.png; a scan without contrast medium is sure."},
	{"budget_stop", Job, nil, "The operator's budget for this month is spent, so that no GPU is used.", "Ask the operator to release it, then retry the job."},
	{"busy", Request | Job, []int{503}, "The service or a part of it had too much to do.", "Try again; Retry-After says when."},
	{"cancelled", Job, nil, "Somebody cancelled the job.", "Send the scan again if it is wanted."},
	{"conflict", Request, []int{409}, "The job's status does not allow this.", "GET the job; the message says when it is allowed."},
	{"contrast_touches_bone", Warning, nil, "An artery with contrast medium that touches a bone of the same density may be part of it.", "Look at check.png; thinner slices or a scan without contrast medium tell them apart."},
	{"corrupt_dicom", Scan, nil, "A DICOM file is damaged.", "Export the series again."},
	{"disk_full", Command, nil, "There is no room on the disk.", "Make room, or write elsewhere."},
	{"download_failed", Command, nil, "A result could not be downloaded.", "The model is kept: `iris get ID -o FILE` fetches it again."},
	{"duplicate_slices", Warning, nil, "Slices that came twice were used once.", "Nothing needs to be done."},
	{"empty_archive", Scan, nil, "The archive holds nothing that could be a scan.", "Pack the folder of slices or the NIfTI file itself."},
	{"empty_folder", Scan | Command, nil, "The folder holds no slice of a scan.", "Name the folder that the DICOM files lie in."},
	{"empty_segmentation", Scan | Command, nil, "Nothing of what was asked for was found in the scan.", "Ask for other structures, or for all by leaving them out."},
	{"empty_volume", Scan, nil, "All voxels have one value: there is nothing to see.", "Check that the right series was exported."},
	{"encrypted_archive", Scan, nil, "The archive is encrypted.", "Pack it without a password."},
	{"expired", Job, nil, "The job waited too long for its upload, or its results are over their time.", "Send the scan again."},
	{"file_in_use", Command, nil, "Another program has the file open.", "Close the file there, or write to another name."},
	{"files_apart", Warning, nil, "Archives and NIfTI files in the same folder became jobs of their own.", "Nothing; if their slices belong to this scan, unpack them beside the others."},
	{"frames_assumed", Warning, nil, "The file does not say on which side of the first slice the others lie; the usual side was taken.", "Look at check.png whether head and feet are exchanged."},
	{"frames_of_reference", Warning, nil, "Every slice says that its positions have a frame of reference of its own; they were taken as they are.", "Look at check.png whether the slices fit together; if they do, nothing."},
	{"glimpse_needs_ct", Glimpse, nil, "A first look is made by Hounsfield units, which only a CT has.", "Wait for the model."},
	{"glimpse_too_large", Glimpse, nil, "The scan is too large, or has too many small parts, for a first look.", "Wait for the model; the operator can raise StageMemory."},
	{"grid_mismatch", Command, nil, "The label map and the scan have different grids.", "Give the scan that the labels were drawn on."},
	{"high_bit", Warning, nil, "DICOM files say two different things about their highest bit.", "Compare the model with the scan."},
	{"http_401", Command, nil, "The stack asks for a token.", "Set IRIS_TOKEN, or name its state folder with --state."},
	{"idempotency_key_reused", Request, []int{422}, "This Idempotency-Key was sent with another body.", "Send a new key for a new job, and the same body with the same key."},
	{"insufficient_scope", Request, []int{403}, "The token does not allow this.", "Ask for a token with the scope that the message names."},
	{"internal", Request | Job, []int{500}, "Something failed that is not the sender's fault.", "Try again; if it stays, tell the operator the job's id."},
	{"interrupted", Command, nil, "The command was ended before it was done.", "Run it again: an upload goes on where it stopped, and `iris list` shows the jobs."},
	{"io_error", Command, nil, "A file could not be read or written.", "Read the message, which is the operating system's."},
	{"issuer_unreachable", Command, nil, "The issuer of tokens does not answer, or not with its keys.", "Check --issuer and the network; /.well-known/openid-configuration below it must answer."},
	{"labels_renumbered", Warning, nil, "Segments in different layers had the same label value; all were numbered anew.", "Go by the names, not by the numbers."},
	{"labels_rounded", Warning, nil, "Labels were no whole numbers and were rounded.", "Save the label map as whole numbers."},
	{"labels_table_ignored", Warning, nil, "A part of the table of names could not be used.", "Correct the table, or name the structures by another one."},
	{"labels_unnamed", Warning, nil, "No table names some labels; their structures are called label_1, label_2, ….", "Send a table of names with the label map: both in one .zip, `iris run --labels-table`, or a file of the same name beside it."},
	{"ledger_in_use", Command, nil, "Another process works with the ledger of this cohort.", "Wait for it, or name another ledger with --ledger."},
	{"license_required", Scan, nil, "The task needs a licence of TotalSegmentator, which the server has not.", "Choose another task, or ask the operator."},
	{"localizer_only", Scan, nil, "Only localizers (scouts) were sent.", "Send the series of slices itself."},
	{"localizers_left_out", Warning, nil, "Images that lie across the slices were taken for localizers and left out.", "Nothing, unless they are the scan that was meant: send that series alone."},
	{"login_expired", Command, nil, "The login can be renewed no longer.", "Log in again: `iris login --profile NAME`; what was under way goes on with the same command."},
	{"login_failed", Command, nil, "The issuer of tokens did not log anybody in.", "Check --issuer, --client-id, --scope and the address to come back to, http://localhost:8976/callback."},
	{"lone_labels_table", Scan, nil, "A table of label names was sent without its label map.", "Upload the label map beside it, with task=labels, or send both in one .zip."},
	{"looks_like_a_scan", Warning, nil, "The label map looks like a scan.", "Leave task=labels out if it is one."},
	{"lost_slices", Warning, nil, "Files that look like slices could not be read.", "Send the whole series again if they belong to the scan."},
	{"lung_cut", Warning, nil, "A lung is cut off at the edge of the scan.", "Take its volume as that of the part that was scanned."},
	{"lung_side", Warning, nil, "The lungs could not be told apart by their sides.", "Look at check.png before you use left and right."},
	{"merge_apart", Warning, nil, "Parts of a merged solid do not touch.", "Choose parts that touch, or print the pieces by themselves."},
	{"metal", Warning, nil, "Metal or its streaks are in the scan.", "Look at the surfaces near to it; they may be wrong."},
	{"method_not_allowed", Request, []int{405}, "The address does not take this method.", "Use one of those in Allow."},
	{"missing_geometry", Scan, nil, "Slices do not say where they lie.", "Export the series with ImagePositionPatient and ImageOrientationPatient."},
	{"missing_orientation", Scan, nil, "The file does not say how the patient lies in it.", "Export it with its space directions, or send the DICOM files; a label map wants the affine of its scan."},
	{"missing_origin", Warning, nil, "The file does not say where its first voxel lies; 0 was taken.", "Do not lay the model over other scans of this patient."},
	{"missing_rescale", Scan, nil, "Only some slices say how their values are to be read.", "Export the series again."},
	{"missing_slices", Scan, nil, "Slices are missing within the series.", "Send the whole series."},
	{"missing_upload", Scan, nil, "The uploaded file is no longer there.", "Upload it again."},
	{"mixed_dimensions", Scan, nil, "The slices have different sizes.", "Send the slices of one series."},
	{"mixed_orientation", Scan, nil, "The slices lie in different directions.", "Send the slices of one series."},
	{"mixed_units", Scan, nil, "The slices are in different units.", "Send the slices of one unit."},
	{"model_failed", Job, nil, "The model server failed at this scan.", "Retry the job; if it stays, tell the operator its id."},
	{"more_warnings", Warning, nil, "There are more warnings than are shown.", "Deal with those that are shown, then run it again."},
	{"multiple_label_maps", Scan, nil, "The archive holds several volumes, and task=labels takes one label map.", "Put all structures into one label map (TotalSegmentator: --ml), or send each map as a job of its own."},
	{"multiple_series", Scan, nil, "The upload holds several series that could be meant.", "Retry with series=N; the message lists them."},
	{"multiple_volumes", Scan, nil, "The file holds several volumes.", "Send one of them."},
	{"nan_voxels", Scan, nil, "Some voxels are no finite numbers.", "Export the scan again."},
	{"nested_archive", Scan, nil, "The archive holds another archive.", "Pack the files themselves."},
	{"no_artifact", Request, []int{404}, "The job has no file of this name.", "GET the job: artifacts lists those that it has."},
	{"no_body", Scan | Glimpse, nil, "No part of a body was found in the scan.", "Check that it is a CT of a person, in Hounsfield units."},
	{"no_ct_series", Scan, nil, "None of the series is a CT.", "Send a CT, or choose a task for what it is."},
	{"no_image_series", Scan, nil, "Nothing in the upload is a series of images.", "Send the folder of slices, not reports or structured data."},
	{"no_model", Scan, nil, "This deployment has no model that does the task.", "Choose one of the tasks that the message lists."},
	{"no_output", Command, nil, "The output cannot be written where it was named.", "Name a file in a folder that is there and can be written to."},
	{"no_preview", Warning, nil, "The light model for a first look could not be made; the model itself is whole.", "Open view.glb or model.glb; fewer structures make a lighter model."},
	{"no_share", Request, []int{404}, "There is no such share: it has ended, was taken back, or its job is gone.", "Ask whoever shared the job for a new one."},
	{"no_stack_on_windows", Command, nil, "`iris up` runs on Linux and macOS only.", "Install WSL (`wsl --install`), start it there, and set IRIS_API=http://127.0.0.1:8000 on Windows."},
	{"no_structure", Request | Scan, []int{404}, "The job has no structure of this name.", "GET the job: structures lists those that it has."},
	{"non_orthogonal_affine", Scan, nil, "The axes of the volume are not at right angles.", "Resample the scan, or the label map with it, to a straight grid (gantry tilt)."},
	{"not_3d", Scan, nil, "The image does not have three axes.", "Send one volume with three axes."},
	{"not_a_file", Command, nil, "This is a folder, and a file is wanted.", "Name a file."},
	{"not_all", Command, nil, "Some of several scans have no result.", "The line of each says why; run the command again for those."},
	{"not_allowed", Command, nil, "The operating system does not allow it.", "Check the permissions of the file and its folder."},
	{"not_found", Request | Command, []int{404}, "There is nothing at this address, or no such job of yours; for a file: it is not there.", "Check the name of the file; for a job its id and whose token it is: `iris list` shows your jobs."},
	{"not_hounsfield", Scan | Glimpse, nil, "The values are not those of a CT.", "Say modality=MR if it is one; else export the CT with its rescale slope and intercept."},
	{"not_installed", Command, nil, "`iris up` does not find the sources, or what is made of them.", "Clone the sources, run `make build`, and run iris there or name their folder with --install."},
	{"not_ready", Request, []int{409, 503}, "It is not made yet, or a service that the API stands on does not answer.", "Ask again after Retry-After."},
	{"not_sent", Command, nil, "A scan of the cohort was not sent before the command ended.", "Run the command again: it goes on where it stopped."},
	{"not_uploaded", Job, nil, "No file was uploaded within a day.", "Make a new job, and upload at once."},
	{"orientation_mismatch", Warning, nil, "The file places the scan twice, in two different ways.", "Check left and right at check.png."},
	{"other_series", Warning, nil, "The upload holds more than one series; one was taken.", "To take another, give its number with the option `series`."},
	{"out_of_memory", Job, nil, "A stage ran out of memory or stopped.", "Choose fewer structures, or ask the operator to raise StageMemory."},
	{"overlapping_segments", Scan | Command, nil, "Segments of the file overlap, and a label map holds one label a voxel.", "Export the segments without overlap, or each by itself."},
	{"padding_removed", Warning, nil, "Pixels that the files mark as padding became air.", "Nothing needs to be done."},
	{"pictures_left_out", Warning, nil, "Pictures made from others, such as screenshots, were left out.", "Nothing needs to be done."},
	{"refused_by_model", Scan, nil, "The model server refused the scan without saying why.", "Tell the operator the job's id."},
	{"rejected", Scan, nil, "The scan cannot be used.", "Tell the operator the job's id."},
	{"s3_refused", Command, nil, "S3 refused to give what was asked for.", "Check the address, the region and the permissions (s3:ListBucket, s3:GetObject)."},
	{"saturated", Warning, nil, "Values beyond what 16 bits hold were cut.", "Look at the surfaces near metal or very bright voxels."},
	{"scan_changed", Command, nil, "A scan changed while it was read.", "Run the command again when nobody writes to it."},
	{"series_joined", Warning, nil, "Every slice says that it is a series of its own; those of equal orientation and size were taken as one.", "Look at check.png whether the slices fit together; if they do, nothing."},
	{"spacing_mismatch", Warning, nil, "The file says two different sizes of a voxel; its affine was believed.", "Compare a length in the model with one in the scan."},
	{"spend_cap", Command, nil, "Scans were not sent because they would lead beyond the cap.", "Run the command again with a larger --max-cost: it goes on where it stopped."},
	{"stopping", Job, nil, "The model server was stopped.", "Retry the job."},
	{"strangers", Warning, nil, "Files of the upload are neither part of the scan nor a table of names; they were passed over.", "Nothing, unless one of them was meant."},
	{"structure_not_found", Warning, nil, "Something that was asked for is not in the scan.", "Nothing, where the scan does not reach it; else look at check.png."},
	{"subset_only", Warning, nil, "The label map was made for some structures only.", "Send the scan again for all of them."},
	{"tilt_corrected", Warning, nil, "The gantry was tilted: the scan was resampled to a rectangular grid.", "Nothing needs to be done."},
	{"timed_out", Job, nil, "A stage ran out of time.", "Choose fewer structures, or ask the operator to raise StageMemory."},
	{"too_far", Request | Scan | Command, []int{422}, "The model lies too far from the scanner's origin for the format.", "Choose another format, or move the label map's origin."},
	{"too_few_slices", Scan, nil, "There are too few slices for a volume.", "Put the whole series under one folder, or send it as a .zip."},
	{"too_large", Request | Scan | Job | Command, []int{400, 413, 422}, "It is larger than is accepted here.", "The message says the limit: send less, choose fewer structures, or another format."},
	{"too_large_to_mesh", Scan, nil, "The model is too large for the memory of this deployment.", "Choose fewer structures, or ask the operator to raise StageMemory."},
	{"too_many_structures", Scan, nil, "The label map holds more structures than are accepted.", "Choose some of them by structures."},
	{"too_many_triangles", Warning, nil, "Meshes keep more triangles than decimate asked for: fewer would change their form or let surfaces cross.", "Take the model as it is, or choose fewer structures, or an error (decimate=0.5mm) in place of a number."},
	{"too_small", Scan, nil, "The scan is too small for the model.", "Send the whole series."},
	{"trailing_bytes", Warning, nil, "Bytes follow the last voxel; they were ignored.", "Nothing, unless the file was cut and joined."},
	{"truncated", Scan | Command, nil, "The file ends before its last voxel.", "Upload or download it again; compare its size with the original's."},
	{"unauthorized", Request, []int{401}, "The request carries no token that says who asks.", "Send a valid token with a subject; IRIS_TOKEN for iris."},
	{"uneven_scale", Warning, nil, "The values of some slices do not go on from those of their neighbours.", "Look at check.png; export the series again if slices are too bright or too dark."},
	{"unknown_modality", Scan, nil, "The file does not say whether it is CT, MR or PET.", "Say modality=CT, MR or PT."},
	{"unreachable", Command, nil, "The service does not answer.", "Start one with `iris up`, or check IRIS_API and the network."},
	{"unrecognized", Request | Scan, []int{400}, "The file is of no kind that is read.", "Send NIfTI, NRRD, a DICOM file, a folder of slices, or a .zip or .tar.gz of them."},
	{"unsafe_archive", Scan, nil, "The archive holds names that lead out of it, or links.", "Pack the files again, without links."},
	{"unsupported_archive", Scan, nil, "The archive uses a method that is not read.", "Pack it as an ordinary .zip or .tar.gz."},
	{"unsupported_datatype", Scan, nil, "The voxels are of a type that is not read.", "Save the scan with one number a voxel."},
	{"unsupported_format", Request | Command, []int{400, 422}, "No such format is written, or not of this.", "Choose one of those that the message lists."},
	{"unsupported_image_type", Scan, nil, "The DICOM images are of a kind that is not read.", "Send the primary axial series."},
	{"unsupported_media_type", Request, []int{415}, "The body is not sent as JSON.", "Send Content-Type: application/json, without Content-Encoding."},
	{"unsupported_modality", Scan, nil, "No model is there for this modality.", "Send a CT or an MR that a task of this deployment takes."},
	{"unsupported_modality_lut", Scan, nil, "The values are given by a table that is not read.", "Export the series with rescale slope and intercept."},
	{"unsupported_transfer_syntax", Scan, nil, "The DICOM files are compressed in a way that is not read.", "Export them uncompressed, or convert them with gdcmconv --raw."},
	{"upload_failed", Command, nil, "A scan could not be uploaded.", "Run the command again: what has arrived is not sent again."},
	{"upload_replaced", Scan, nil, "Another file was uploaded under the same name.", "Look at the job of that one."},
	{"usage", Command, nil, "The command was called in another way than it takes.", "`iris COMMAND --help` lists what it takes."},
	{"variable_spacing", Warning, nil, "The distance between slices varies: the scan was resampled to even slices.", "Nothing; thin structures between distant slices may be lost."},
	{"volume_changed", Warning, nil, "Decimation changed the volume of thin structures by more than 2 %.", "Use volume_ml, which is the scan's own, or decimate=none."},
	{"wrong_modality", Scan, nil, "The scan is not of the modality that the task is for.", "Choose the task for what it is, or say modality if the file says it wrongly."},
}
