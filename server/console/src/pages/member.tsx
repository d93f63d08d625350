export default function Page() { return <div class="page"><h1>member</h1></div>; }
